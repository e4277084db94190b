// A server with UserService, whose database is asked something slow: `node slow-app.ts <folder> <milliseconds>`.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { defineService } from "../../src/runrpc/server/routes/service.ts";
import { startServer } from "../../src/runrpc/server/server.ts";
import { createUserService } from "../../test/app/users.ts";
import { UserService } from "../../test/gen/rig/users/v1/users_pb.ts";
import { assemble } from "./assembly.ts";
import { serveControl } from "./control.ts";
import type { SlowModules } from "./slow-worker.ts";

const [folder = ".", milliseconds = "3000"] = process.argv.slice(2);
const worker = new URL("./slow-worker.ts", import.meta.url);
const { store, key, options } = await assemble<SlowModules>(folder, worker);
const server = await startServer({
  server: { host: "127.0.0.1", port: 0 },
  services: [defineService(UserService, createUserService(store.queries.rig))],
  ...options,
});

async function countSlowly(rows: number): Promise<number> {
  const begin = performance.now();
  await store.queries.slow.countSlowly({ rows });
  return performance.now() - begin;
}

serveControl(
  { port: server.port, key },
  {
    /** Runs the query, and tells how long it took and what the main thread felt meanwhile. */
    async slow() {
      let rows = 10_000_000;
      let queryMs = await countSlowly(rows);
      for (let attempt = 0; ; attempt++) {
        rows = Math.round((1.2 * rows * Number(milliseconds)) / queryMs);
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        queryMs = await countSlowly(rows);
        delay.disable();
        // How fast a busy machine counts changes from second to second.
        if (queryMs >= Number(milliseconds) || attempt === 3)
          return { queryMs, p99Ms: delay.percentile(99) / 1e6, greatestMs: delay.max / 1e6 };
      }
    },
  },
);
