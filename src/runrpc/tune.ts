import { setFlagsFromString } from "node:v8";

/**
 * Sets V8's garbage collection to what a server of many small calls needs. To be called once, before the first call is
 * served; it is for the whole process, so the application decides, and `startServer` does not.
 *
 * `--no-allocation-site-pretenuring`: every object begins in the young generation. By default V8 allocates what a line of code
 * makes in the old generation once earlier objects of that line have survived. An object in the old generation, dead or not, keeps
 * alive whatever it refers to until the next full collection. So the objects of calls that have ended survive as well, V8 takes
 * their lines for ones that make long-lived objects, and under steady load more and more of each call fills the old generation.
 *
 * `--no-concurrent-array-buffer-sweeping`: buffers are freed by the thread that made them. Each message is written into a buffer
 * of its own; by default V8 frees those on another thread, and for each of them the two threads wait for malloc's lock.
 *
 * `npm run bench -- --only unary,stream` shows the difference: take a flag away and run it again.
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
  setFlagsFromString("--no-concurrent-array-buffer-sweeping");
}
