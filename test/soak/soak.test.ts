import assert from "node:assert/strict";
import { it } from "node:test";
import { noMemory } from "../wire/memory.ts";
import { makeFolder } from "../wire/process.ts";
import { runSoak } from "./soak.ts";

// A short form; `npm run soak` goes on for twenty minutes, with ten thousand connections.
const CONNECTIONS = 500;
const CALLS = 10_000;
/** What a connection may leave behind shows here: a thousand of them come and go. */
const MOST_GROWTH_BYTES = 60e6;

it("connections that come and go leave nothing behind", { skip: noMemory }, async (t) => {
  const result = await runSoak({
    folder: await makeFolder(t),
    http2: "own",
    connections: CONNECTIONS,
    maxPauseMs: 50,
    isOver: ({ calls }) => calls >= CALLS,
  });
  t.diagnostic(JSON.stringify(result));
  assert.deepEqual(result.failures, []);
  assert.ok(result.opened > CONNECTIONS, `${result.opened} connections`);
  const grown = result.afterBytes - result.beforeBytes;
  assert.ok(grown < MOST_GROWTH_BYTES, `${Math.round(grown / 1e6)} MB more than before`);
});
