// A server whose Wait holds a thread and whose Echo runs on the main one: `node threads-app.ts <threads> all|some`; with `all`,
// Echo is in the threads as well.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startServer } from "../../src/runrpc/server/server.ts";
import { threaded } from "../../src/runrpc/threads/threaded.ts";
import { BenchService } from "../gen/bench/v1/bench_pb.ts";
import { serveControl } from "./control.ts";
import { handlers } from "./handlers.ts";

const [threads = "4", which = "some"] = process.argv.slice(2);
const server = await startServer({
  server: { host: "127.0.0.1", port: 0 },
  services: [
    threaded(BenchService, new URL("./holding-handlers.ts", import.meta.url), {
      threads: Number(threads),
      main: which === "all" ? {} : { echo: handlers.echo },
    }),
  ],
  keys: "open",
});
const delay = monitorEventLoopDelay({ resolution: 1 });
serveControl(
  { port: server.port },
  {
    /** What the main thread felt since this was asked for last. */
    loop() {
      const felt = { p99Ms: delay.percentile(99) / 1e6 };
      delay.reset();
      delay.enable();
      return felt;
    },
  },
);
