// A server in a process of its own, with debug mode or without: what the process has of it, as JSON.

import { once } from "node:events";
import fs from "node:fs";
import { connect } from "node:http2";
import { registerHooks } from "node:module";

const isOn = process.argv[2] === "on";
const original = fs.readFileSync;
const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    if (/\/src\/runrpc\/(debug|metrics)\//.test(url)) loaded.add(url);
    return next(url, context);
  },
});
const { startServer } = await import("../../../../src/runrpc/server/server.ts");
const server = await startServer({
  services: [],
  keys: "open",
  server: { host: "127.0.0.1", port: 0, debug: isOn },
});
const session = connect(`http://127.0.0.1:${server.port}`);
const stream = session.request({
  ":method": "POST",
  ":path": "/grpc.health.v1.Health/Check",
  "content-type": "application/grpc",
});
stream.resume().end(Buffer.alloc(5));
await once(stream, "close");
const threads = process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
const state = {
  loaded: loaded.size,
  isWrapped: fs.readFileSync !== original,
  globals: Object.getOwnPropertySymbols(globalThis).filter((symbol) =>
    String(symbol).includes("runrpc.watchdog"),
  ).length,
  hasThreads: threads > 0,
};
session.destroy();
await server.drain();
process.stdout.write(JSON.stringify({ ...state, isWrappedAfter: fs.readFileSync !== original }));
