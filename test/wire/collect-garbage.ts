// Preloaded into the servers that tests start: SIGWINCH, which a process without a terminal gets from nobody else, has V8
// collect its garbage, so that what a process is found to hold is what it holds.
import { isMainThread } from "node:worker_threads";
import { collect } from "../collect.ts";

if (isMainThread) {
  // As V8 does when it is out of memory: pages that are empty go back to the system.
  process.on("SIGWINCH", () => collect({ type: "major", execution: "sync", flavor: "last-resort" }));
}
