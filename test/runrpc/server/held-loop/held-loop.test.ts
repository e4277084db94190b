import assert from "node:assert/strict";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { it, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { createLeases } from "../../../../src/runrpc/server/auth/lease.ts";
import { setPatientTimeout } from "../../../../src/runrpc/server/patient-timeout.ts";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { idOf, listLog, memoryStore } from "../auth/memory-store.ts";

// Whoever was in time has been, also where this process did not look.

/** Nothing else happens in this process for so long. */
function hold(ms: number, isOver = (): boolean => true): void {
  const endAtMs = performance.now() + ms;
  while (performance.now() < endAtMs || !isOver());
}

it("a timeout hears what came while the loop was held, and fires where nothing came", async () => {
  const heard = new Promise<string>((resolve) => {
    const timeout = setPatientTimeout(() => resolve("fired"), 5);
    stat(".").then(() => {
      timeout.clear();
      resolve("heard");
    });
    hold(50);
  });
  assert.equal(await heard, "heard");
  await new Promise<void>((resolve) => setPatientTimeout(resolve, 5));
});

it("a key store that has answered in time is heard, however long the loop was held", async (t) => {
  const keys = memoryStore();
  const id = idOf(keys.add());
  keys.answer = async () => {
    const asked = stat(".");
    hold(60);
    await asked;
    return [];
  };
  const options = { keys, keyLeaseMs: 500, log: listLog(), onLease() {}, lookupTimeoutMs: 20 };
  const leases = createLeases({ ...options, now: () => performance.now() });
  t.after(() => leases.close());
  assert.equal((await leases.renew(id)).keyId, id);
});

for (const [lane, http2] of [
  ["auto", "own"],
  ["auto", "node"],
  ["stock", "node"],
] as const)
  it(`a client that answers its pings keeps its connection while the loop is held, lane ${lane}, ${http2}`, async (t) => {
    const { client, turns } = await startClient(t, lane, http2);
    const told: unknown[] = [];
    client.on("message", (message) => told.push(message));
    for (let holds = 0; holds < 8; holds++) {
      const before = Atomics.load(turns, 0);
      // A client that has turned so often has answered.
      hold(120, () => Atomics.load(turns, 0) > before + 5);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(told, []);
    client.postMessage("ask");
    const [status] = await once(client, "message");
    assert.equal(status, 200);
  });

/** A client of a server that asks often whether it is there, and waits for less time than its loop is held. */
async function startClient(t: TestContext, lane: string, http2: string) {
  const server = await startServer({
    services: [],
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane, http2 },
    timeouts: { pingIntervalMs: 100, pingTimeoutMs: 100, drainDelayMs: 0, drainTimeoutMs: 0 },
  });
  t.after(() => server.drain());
  const turns = new Int32Array(new SharedArrayBuffer(4));
  const client = new Worker(new URL("client.ts", import.meta.url), {
    workerData: { port: server.port, turns },
  });
  t.after(() => client.terminate());
  await once(client, "message");
  return { client, turns };
}
