// The main of the thread that `holdLifeline` starts.
import { Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { LIFELINE_FD } from "./lifeline.ts";

const { afterMs } = workerData as { readonly afterMs: number }; // as `holdLifeline` gives it

// Nobody writes on it: it ends when the last process is gone that has the other end.
new Socket({ fd: LIFELINE_FD, readable: true, writable: false })
  .on("error", () => {}) // then it closes as well
  .on("close", () => setTimeout(() => process.kill(process.pid, "SIGKILL"), afterMs))
  .resume();
