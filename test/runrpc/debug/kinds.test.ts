import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Caller, createCaller } from "./faults/caller.ts";
import { type FaultyServer, lineOf, startFaultyServer } from "./faults/process.ts";

/** By which function of Node's. */
const sync = {
  execSync: "child_process.execSync",
  scryptSync: "crypto.scryptSync",
  generateKeyPairSync: "crypto.generateKeyPairSync",
  brotliCompressSync: "zlib.brotliCompressSync",
  deflateSync: "zlib.deflateSync",
  readdirSync: "fs.readdirSync",
} as const;

const js = ["getter", "iterator", "comparator", "concat", "deep", "chain", "timer", "tick", "immediate"];
const native = ["atomicsWait", "jsonStringify", "structuredClone", "hash"];

describe("what else holds the loop is named by its line and its call", () => {
  let server: FaultyServer;
  let caller: Caller;
  before(async () => {
    server = await startFaultyServer("auto", { hasInterceptor: true });
    caller = createCaller(server);
  });
  after(() => server.child.kill("SIGKILL"));

  for (const [deed, name] of Object.entries(sync))
    it(`${name}`, async () => {
      const { message } = await caller.callUntil(deed, "sync_call", "ListUsers");
      assert.equal(message, `${name} holds the event loop in a call`);
    });

  for (const deed of js)
    it(deed, async () => {
      await caller.callUntil(deed, "loop_held", "ListUsers");
    });

  for (const deed of native)
    it(`${deed}, whose line is told when it comes again`, async () => {
      await caller.callUntil(deed, "loop_held", "ListUsers");
    });

  it("an interceptor", async () => {
    await caller.callUntil("interceptor", "loop_held", "ListUsers");
  });

  it("a call that a handler makes of its own server: the call that was made, not the one that makes it", async () => {
    const first = caller.firstOf("loop_held", lineOf("called"), "GetUser");
    let found: Awaited<typeof first> | undefined;
    // On a busy machine one hold may be the machine's.
    for (let calls = 0; found === undefined && calls < 10; calls++) {
      await caller.call("ListUsers", { "x-deed": "callsItself" });
      found = await Promise.race([first, delay(2_000, undefined)]);
    }
    assert.match(String(found?.requestId), /^inner-callsItself-/);
  });
});
