// Preloaded into the servers that tests start: SIGUSR2 has V8 collect its garbage, so that what a process is found to
// hold is what it holds.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // what the flag adds
  process.on("SIGUSR2", () => collect());
}
