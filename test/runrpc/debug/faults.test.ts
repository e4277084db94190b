import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { open } from "../server/lanes/fast/serve.ts";
import { type Caller, createCaller, methods, pathOf, places } from "./faults/caller.ts";
import { type FaultyServer, lineOf, startFaultyServer } from "./faults/process.ts";

/** Who holds the loop with JavaScript, and by which function with native code. */
const heldByJs = ["busyLoop", "regex", "quadratic"] as const;
const heldBySync = {
  readFileSync: "fs.readFileSync",
  pbkdf2Sync: "crypto.pbkdf2Sync",
  gzipSync: "zlib.gzipSync",
  sqlite: "better-sqlite3 get",
} as const;

/** What is left behind by a handler that ends well. */
const leftBehind = { stray: "stray", listeners: "signal_listeners" } as const;

for (const lane of ["auto", "stock"]) {
  describe(`what debug mode names, lane ${lane}`, () => {
    let server: FaultyServer;
    let caller: Caller;
    before(async () => {
      server = await startFaultyServer(lane);
      caller = createCaller(server);
    });
    after(() => server.child.kill("SIGKILL"));

    for (const method of methods) {
      const where = `${places[method]} (${method})`;

      for (const deed of heldByJs)
        it(`${deed} ${where}: its line, its method and its call`, async () => {
          const line = await caller.callUntil(deed, "loop_held", method);
          assert.ok(Number(line.tookMs) >= 50);
        });

      for (const [deed, name] of Object.entries(heldBySync))
        it(`${deed} ${where}: the function, its line, its method and its call, and that it held the loop`, async () => {
          const ids: string[] = [];
          const sync = await caller.callUntil(deed, "sync_call", method, lineOf(deed), ids);
          assert.equal(sync.message, `${name} holds the event loop in a call`);
          assert.match(String(sync.cure), /use `|thread/);
          // Of native code the recorder may know the function alone, and the first line of that.
          await caller.callUntil(deed, "loop_held", method, `(${deed})`, ids);
        });

      it(`a large JSON.parse ${where}: its call, and its line when it comes again`, async () => {
        await caller.callUntil("jsonParse", "loop_held", method);
      });

      it(`a promise that never settles ${where}, after its deadline: its line, its method and its call`, async () => {
        const { message } = await caller.callUntilOutlived(method);
        assert.match(String(message), /was cancelled \(deadline\)/);
      });

      for (const [deed, finding] of Object.entries(leftBehind))
        it(`${deed} ${where}: its line, its method and its call`, async () => {
          const id = await caller.call(method, { "x-deed": deed });
          const line = await caller.firstOf(finding, lineOf(deed), method);
          assert.equal(line.requestId, id);
        });
    }

    it("a client that does not read: its method and its call", async () => {
      const stream = open(server.session, pathOf("StreamUsers"), { "x-request-id": "slow-reader" });
      stream.on("error", () => {});
      stream.end(Buffer.from([0, 0, 0, 0, 3, 8, 0xe8, 7])); // limit: 1000, ten megabytes
      stream.pause();
      const line = await server.finding(({ finding }) => finding === "slow_reader");
      assert.deepEqual([line.requestId, line.path], ["slow-reader", pathOf("StreamUsers")]);
      stream.close();
    });

    it("a slow call: what its time went to", async () => {
      await caller.call("ListUsers", { "x-deed": "busyLoop" });
      const line = await server.finding(
        ({ finding, parts }) =>
          finding === "slow_call" && Number((parts as Record<string, number>)["its handler"]) > 200,
      );
      assert.match(String(line.message), /^a call took \d+ ms, most of it /);
    });

    it("nothing of it failed, and the drain is as ever", async () => {
      assert.equal(await server.stop(), 0);
      const { findings } = server.lines.at(-1) as { readonly findings: Readonly<Record<string, number>> };
      assert.equal(findings.watchdog, undefined);
    });
  });
}
