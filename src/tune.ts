import { setFlagsFromString } from "node:v8";

/**
 * Tells V8 to make every object young. To be called once, before the first call is served; it is for the whole process,
 * so the application decides, and `startServer` does not.
 *
 * V8 learns which lines of code make objects that live long, and makes those of them old at once. Under steady load it
 * learns it of the streams of node:http2: what is old and dead keeps what it leads to until the next full collection, so
 * that each stream seems to live long, and is made old. Measured: 2.3 KB a call copied into the old generation instead of
 * 0.6, and an eighth of the CPU time of a small call.
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
