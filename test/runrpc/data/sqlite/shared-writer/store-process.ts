import { openStore } from "../../../../../src/runrpc/data/open-store.ts";
import { migrations, worker } from "../../fixture/open.ts";
import type { Modules } from "../../fixture/worker.ts";

// A process with a store of its own. Told of a query and inputs, it runs the query with all of them at once and tells the codes.

export interface Order {
  readonly query: "increment" | "insertPart";
  readonly inputs: readonly unknown[];
}

const [file = "", writer = ""] = process.argv.slice(2);
const store = await openStore<Modules>({ file, worker, migrations, readers: 1, writer });
process.on("message", async ({ query, inputs }: Order) => {
  const run = store.queries.items[query] as (input: unknown) => Promise<unknown>; // The test gives what it takes.
  const outcomes = await Promise.allSettled(inputs.map((input) => run(input)));
  process.send?.(outcomes.map((outcome) => (outcome.status === "fulfilled" ? "ok" : outcome.reason.code)));
});
process.send?.("ready");
