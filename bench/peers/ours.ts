// This server: `node ours.ts auto|stock bare|counted|threads|on <folder for the database> own|node`, and for TLS the files of a key and its
// certificate.
import { setTimeout as delay } from "node:timers/promises";
import { defineService } from "../../src/runrpc/server/routes/service.ts";
import { startServer } from "../../src/runrpc/server/server.ts";
import { threaded } from "../../src/runrpc/threads/threaded.ts";
import { tuneGarbageCollection } from "../../src/runrpc/tune.ts";
import type { Modules } from "../../test/app/queries.ts";
import { BenchService } from "../gen/bench/v1/bench_pb.ts";
import { codecs } from "../gen/codecs.ts";
import { assemble } from "./assembly.ts";
import { serveControl } from "./control.ts";
import { handlers } from "./handlers.ts";

// As `runrpc serve` does.
tuneGarbageCollection();
const [lane = "auto", mode = "bare", folder = ".", http2 = "own", keyFile, certFile] = process.argv.slice(2);
const assembly = mode === "on" ? await assemble<Modules>(folder) : undefined;
const server = await startServer({
  server: { host: "127.0.0.1", port: 0, lane, http2 },
  ...(keyFile === undefined || certFile === undefined ? {} : { tls: { keyFile, certFile } }),
  services: [
    mode === "threads"
      ? threaded(BenchService, new URL("./threaded-handlers.ts", import.meta.url), {
          threads: 1,
          codecs: new URL("../gen/codecs.ts", import.meta.url),
        })
      : defineService(BenchService, handlers),
  ],
  codecs,
  // Bare is what the peers are: no deadline either.
  metrics: { enabled: mode === "counted" },
  ...(assembly?.options ?? { keys: "open", timeouts: { unaryDeadlineMs: 0 } }),
});
serveControl(
  { port: server.port, key: assembly?.key },
  {
    // What a load has left to be written belongs to it.
    async settle() {
      while ((assembly?.requestLogStats().queued ?? 0) > 0) await delay(5);
      return {};
    },
    requestLog: () => assembly?.requestLogStats() ?? {},
  },
);
