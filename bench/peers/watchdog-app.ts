// A server whose watchdog is turned on and off: `node watchdog-app.ts`.
import { startWatchdog, type Watchdog } from "../../src/runrpc/debug/watchdog/watchdog.ts";
import { defineService } from "../../src/runrpc/server/routes/service.ts";
import { startServer } from "../../src/runrpc/server/server.ts";
import { tuneGarbageCollection } from "../../src/runrpc/tune.ts";
import { BenchService } from "../gen/bench/v1/bench_pb.ts";
import { codecs } from "../gen/codecs.ts";
import { serveControl } from "./control.ts";
import { handlers } from "./handlers.ts";

tuneGarbageCollection();
const server = await startServer({
  server: { host: "127.0.0.1", port: 0 },
  services: [defineService(BenchService, handlers)],
  codecs,
  keys: "open",
});
let watchdog: Watchdog | undefined;
let blocks = 0;
const fail = (text: string): never => {
  throw new Error(text);
};

serveControl(
  { port: server.port },
  {
    async on() {
      watchdog = await startWatchdog({
        blockMs: 100,
        currentCall: () => undefined,
        onBlock: () => blocks++,
        onFault: fail,
      });
      return {};
    },
    async off() {
      await watchdog?.close();
      watchdog = undefined;
      return { blocks };
    },
  },
);
