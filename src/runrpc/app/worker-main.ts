// The main file of a worker, which the process with the port starts. It keeps compiled code, as the launcher does.
import { enableCompileCache } from "node:module";

enableCompileCache();
const { runWorker } = await import("./run-worker.ts");
await runWorker();
