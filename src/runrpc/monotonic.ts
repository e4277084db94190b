/** Milliseconds of a clock that all threads of a process share, and that nobody sets. `performance.now()` begins with its thread. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}
