// A server in a process of its own, whose handlers in threads fail where nobody catches it: `node strays-process.ts LANE`.
// It prints its URL, then the lines of its log, and at SIGTERM how many strays it has counted.
import type { ServerLog } from "../../../src/runrpc/server/log.ts";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { threaded } from "../../../src/runrpc/threads/threaded.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const level = (name: keyof ServerLog) => (fields: object, message: string) => {
  const { err, ...others } = fields as { readonly err?: unknown };
  print({ ...others, level: name, message, err: err instanceof Error ? err.message : String(err) });
};
const server = await startServer({
  services: [threaded(UserService, new URL("./handlers/faulty.ts", import.meta.url), { threads: 1 })],
  keys: "open",
  server: { host: "127.0.0.1", port: 0, lane: process.argv[2] ?? "auto" },
  log: { debug() {}, info() {}, warn() {}, error: level("error"), fatal: level("fatal") },
});
print({ url: server.url });
process.on("SIGTERM", async () => {
  print({ strays: server.stats().strays });
  await server.drain();
});
