/** What came of a load. */
export interface Load {
  /** Calls or messages that were answered, each answer checked. */
  readonly count: number;
  readonly elapsedMs: number;
  /** From the moment at which a call was due to its answer, in milliseconds; only where the load is paced. */
  readonly latenciesMs?: readonly number[];
}

type Done = (failure: Error | undefined, count?: number) => void;

/** Each of `lanes` starts its next call when the last one is done, until the time is up; then waits for all. */
export function closedLoop(
  lanes: number,
  durationMs: number,
  start: (lane: number, done: Done) => void,
): Promise<Load> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    let busy = lanes;
    let total = 0;
    const next = (lane: number): void => {
      if (performance.now() - begin >= durationMs) {
        if (--busy === 0) resolve({ count: total, elapsedMs: performance.now() - begin });
        return;
      }
      start(lane, (failure, count = 1) => {
        if (failure !== undefined) return reject(failure);
        total += count;
        next(lane);
      });
    };
    for (let lane = 0; lane < lanes; lane++) next(lane);
  });
}

/** More calls than this under way: the server does not carry the load. */
const maxUnderWay = 5_000;

/** Starts `perSecond` calls a second, whether or not answers come, as callers that know nothing of each other do. */
export function pacedLoop(
  perSecond: number,
  durationMs: number,
  start: (index: number, done: Done) => void,
): Promise<Load> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const total = Math.floor((perSecond * durationMs) / 1_000);
    const latenciesMs: number[] = [];
    let started = 0;
    const startOne = (): void => {
      const dueMs = begin + (1_000 * started) / perSecond;
      start(started++, (failure) => {
        if (failure !== undefined) return reject(failure);
        latenciesMs.push(performance.now() - dueMs);
        if (latenciesMs.length === total)
          resolve({ count: total, elapsedMs: performance.now() - begin, latenciesMs });
      });
    };
    const timer = setInterval(() => {
      const due = Math.min(total, ((performance.now() - begin) * perSecond) / 1_000);
      while (started < due) startOne();
      if (started >= total) clearInterval(timer);
      if (started - latenciesMs.length > maxUnderWay) {
        clearInterval(timer);
        reject(
          new Error(`${maxUnderWay} calls are under way: the server does not carry ${perSecond} a second`),
        );
      }
    }, 1);
  });
}
