import { setFlagsFromString } from "node:v8";

/**
 * Sets V8's garbage collection to what a server of many small calls needs. To be called once, before the first call is
 * served; it is for the whole process, so the application decides, and `startServer` does not.
 *
 * Every object is made young. V8 learns which lines of code make objects that live long, and makes those of them old at
 * once. Under steady load it learns it of the streams of node:http2: what is old and dead keeps what it leads to until the
 * next full collection, so that each stream seems to live long, and is made old. Measured: 2.3 KB a call copied into the
 * old generation instead of 0.6, and an eighth of the CPU time of a small call.
 *
 * Buffers are freed by the thread that made them. Each message is written into a buffer of its own, and when another
 * thread frees them by the thousand, the two wait for each other at malloc's lock. Measured: 1.0 µs for a small streamed
 * message instead of 1.6, with the main thread's part of it unchanged.
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
  setFlagsFromString("--no-concurrent-array-buffer-sweeping");
}
