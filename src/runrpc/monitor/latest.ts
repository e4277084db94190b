/** The latest of many things. */
export interface Latest<T> {
  add(one: T): void;
  /** Those that are kept, in the order in which they came, and how many came before them. */
  look(): { readonly kept: readonly T[]; readonly leftOut: number };
  /** The same, after which there are none. */
  take(): ReturnType<Latest<T>["look"]>;
}

/** A ring: what comes when it is full takes the place of the oldest. @param max how many are kept */
export function createLatest<T>(max: number): Latest<T> {
  let ring: T[] = [];
  let came = 0;
  const look: Latest<T>["look"] = () => {
    const oldest = came > max ? came % max : 0;
    return { kept: [...ring.slice(oldest), ...ring.slice(0, oldest)], leftOut: Math.max(0, came - max) };
  };
  return {
    add(one) {
      ring[came++ % max] = one;
    },
    look,
    take() {
      const found = look();
      ring = [];
      came = 0;
      return found;
    },
  };
}
