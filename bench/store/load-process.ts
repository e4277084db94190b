import { setTimeout as delay } from "node:timers/promises";
import { openStore } from "../../src/runrpc/data/open-store.ts";
import type { Modules } from "./worker.ts";

// A process with a store, for bench/shared-writer.ts: does what it is told, and tells how often it could.

export interface Load {
  readonly what: "insert" | "read";
  readonly callers: number;
  readonly milliseconds: number;
}

export interface Loaded {
  readonly calls: number;
  /** Messages to the writer: transactions, where it is a thread of this process. */
  readonly batches: number;
  readonly cpuMicros: number;
}

const [file = "", writer = ""] = process.argv.slice(2);
const store = await openStore<Modules>({
  file,
  worker: new URL("./worker.ts", import.meta.url),
  migrations: new URL("./migrations/", import.meta.url),
  ...(writer === "" ? {} : { writer }),
});
const { notes } = store.queries;

async function run({ what, callers, milliseconds }: Load): Promise<Loaded> {
  const call = {
    read: () => notes.getNote({ id: 1 + Math.floor(1_000 * Math.random()) }),
    insert: () => notes.insertNote("a line of text of usual length"),
  }[what];
  let calls = 0;
  const { batches } = store.stats().writes;
  const cpu = process.cpuUsage();
  const end = performance.now() + milliseconds;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      // Not all in one turn, as calls do not come to a server: they would go in one commit for good.
      await delay(20 * Math.random());
      for (; performance.now() < end; calls++) await call();
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return { calls, batches: store.stats().writes.batches - batches, cpuMicros: user + system };
}

process.on("message", async (load: Load) => process.send?.(await run(load)));
process.on("disconnect", () => void store.close());
process.send?.("ready");
