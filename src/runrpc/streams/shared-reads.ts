/** Lets callers that want the same thing at the same time share one reading of it. */
export interface SharedReads<T> {
  /**
   * Joins the reading of `key` that is under way, or starts it. Rejects with the signal's reason as soon as it aborts;
   * the reading itself is aborted when its last caller has gone. Whoever joins gets what was read at a moment before
   * it joined: put into the key what must not have changed since.
   */
  read(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

interface Reading<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}

/** Keeps a reading only while it runs: nothing is cached. */
export function createSharedReads<T>(): SharedReads<T> {
  const readings = new Map<string, Reading<T>>();

  function begin(key: string, start: (signal: AbortSignal) => Promise<T>): Reading<T> {
    const abort = new AbortController();
    const reading: Reading<T> = { result: start(abort.signal), abort, callers: 0 };
    readings.set(key, reading);
    const end = (): void => forget(key, reading);
    reading.result.then(end, end);
    return reading;
  }

  function forget(key: string, reading: Reading<T>): void {
    if (readings.get(key) === reading) readings.delete(key);
  }

  return {
    read(key, start, signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const reading = readings.get(key) ?? begin(key, start);
      reading.callers++;
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          reject(signal.reason);
          reading.callers--;
          if (reading.callers > 0) return;
          forget(key, reading);
          reading.abort.abort(signal.reason);
        };
        const settled = (): void => signal.removeEventListener("abort", onAbort);
        signal.addEventListener("abort", onAbort, { once: true });
        reading.result.then(
          (value) => {
            settled();
            resolve(value);
          },
          (reason: unknown) => {
            settled();
            reject(reason);
          },
        );
      });
    },
  };
}
