/** The wait before the first retry, in milliseconds. */
const FIRST_MS = 100;

/** How much longer each further wait is. */
const FACTOR = 2;

/** The longest wait, in milliseconds. */
const LONGEST_MS = 5_000;

/**
 * How long to wait before the retry with this number, from 1, in milliseconds: between half and all of a time that doubles,
 * so that clients that failed together do not come back together. `random` is from 0 to 1.
 */
export function backoffMs(retry: number, random: number): number {
  const greatest = Math.min(LONGEST_MS, FIRST_MS * FACTOR ** (retry - 1));
  return greatest * (0.5 + random / 2);
}

/** Resolves after a while, or rejects with the signal's reason as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
