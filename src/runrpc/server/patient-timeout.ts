/** A timeout that can be taken back. */
export interface PatientTimeout {
  clear(): void;
}

/**
 * A timeout for what others must do in time. Where this process's own loop was held meanwhile, their answer may lie in its
 * queue: what has come is heard before their time is up.
 */
export function setPatientTimeout(fire: () => void, ms: number): PatientTimeout {
  let hearing: NodeJS.Immediate | undefined;
  // Timers run before what has arrived is read, and immediates after it.
  const timer = setTimeout(() => {
    hearing = setImmediate(fire);
  }, ms);
  return {
    clear() {
      clearTimeout(timer);
      clearImmediate(hearing);
    },
  };
}
