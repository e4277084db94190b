// A server in debug mode, in a process of its own, whose handlers hold the event loop and leave things behind. It prints
// its port, then the findings of its log.
import { pbkdf2Sync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { HandlerContext } from "@connectrpc/connect";
import Database from "better-sqlite3";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";

const [lane = "auto"] = process.argv.slice(2);
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const folder = mkdtempSync(join(tmpdir(), "runrpc-faults-"));
const file = join(folder, "large");
writeFileSync(file, Buffer.alloc(1 << 25, 1));
const bytes = readFileSync(file);
const text = JSON.stringify(
  Array.from({ length: 250_000 }, (_, i) => ({ i, text: `text ${i}`, list: [i, i] })),
);
const database = new Database(":memory:");

/** Each holds the loop on the line that ends with its name. */
const deeds: Readonly<Record<string, (context: HandlerContext) => unknown>> = {
  busyLoop() {
    const until = performance.now() + 300;
    let sum = 0;
    while (performance.now() < until) sum += Math.sqrt(sum + 1); // busyLoop
    return sum;
  },
  regex: () => /^(a+)+$/.test(`${"a".repeat(22)}b`), // regex
  quadratic() {
    const list: number[] = [];
    for (let i = 0; i < 25_000; i++) if (!list.includes(-1 - i)) list.push(i); // quadratic
    return list.length;
  },
  jsonParse: () => JSON.parse(text).length, // jsonParse
  readFileSync() {
    for (let i = 0; i < 8; i++) readFileSync(file); // readFileSync
  },
  pbkdf2Sync: () => pbkdf2Sync("a", "b", 300_000, 32, "sha512"), // pbkdf2Sync
  gzipSync: () => gzipSync(bytes), // gzipSync
  sqlite() {
    const sum =
      "with recursive c(n) as (select 1 union all select n + 1 from c where n < 1500000) select sum(n) from c";
    return database.prepare(sum).get(); // sqlite
  },
  stray: () => void Promise.reject(new Error("stray")), // stray
  listeners({ signal }) {
    for (let i = 0; i < 20; i++) signal.addEventListener("abort", () => {}); // listeners
  },
};

/** Before an await, or after one. */
async function act(context: HandlerContext): Promise<void> {
  const { requestHeader } = context;
  if (requestHeader.get("x-when") === "after") await delay(5);
  deeds[requestHeader.get("x-deed") ?? ""]?.(context);
}

const server = await startServer({
  services: [
    partOfService(UserService, {
      // biome-ignore format: the handler's line is looked for
      async listUsers(_request, context) { // hungAwait
        if (context.requestHeader.get("x-deed") === "hungAwait") await new Promise(() => {});
        await act(context);
        return {};
      },
      async *streamUsers({ limit }, context) {
        yield {};
        await act(context);
        if (context.requestHeader.get("x-deed") === "deafGenerator") await new Promise(() => {}); // deafGenerator
        for (let n = 0; n < limit; n++) yield { user: { displayName: "x".repeat(10_000) } };
      },
    }),
  ],
  keys: "open",
  server: { host: "127.0.0.1", port: 0, lane, debug: true },
  debug: { blockMs: 50, graceMs: 100, slowMs: 200 },
  timeouts: { drainTimeoutMs: 100 },
  log: {
    debug() {},
    info() {},
    error() {},
    warn: (fields, message) => void ("finding" in fields && print({ ...fields, message })),
  },
});
print({ port: server.port });
process.on("SIGTERM", async () => {
  await server.drain();
  rmSync(folder, { recursive: true });
  print({ findings: server.stats().findings });
});
