import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { open, seen } from "../server/lanes/fast/serve.ts";
import { type FaultyServer, type Line, lineOf, startFaultyServer } from "./faults/process.ts";

const METHODS = ["ListUsers", "StreamUsers"] as const;
const WHEN = ["before", "after"] as const;

/** Calls that are made until a finding is there. */
const MAX_CALLS = 40;

/** Who holds the loop with JavaScript, and by which function with native code. */
const heldByJs = ["busyLoop", "regex", "quadratic"] as const;
const heldBySync = {
  readFileSync: "fs.readFileSync",
  pbkdf2Sync: "crypto.pbkdf2Sync",
  gzipSync: "zlib.gzipSync",
  sqlite: "better-sqlite3 get",
} as const;

for (const lane of ["auto", "stock"]) {
  describe(`what debug mode names, lane ${lane}`, () => {
    let server: FaultyServer;
    let calls = 0;
    before(async () => {
      server = await startFaultyServer(lane);
    });
    after(() => server.child.kill("SIGKILL"));

    /** Makes a call, and gives its id. */
    async function call(method: string, headers: Record<string, string>, status = "0"): Promise<string> {
      const requestId = `${headers["x-deed"]}-${++calls}`;
      const stream = open(server.session, `/rig.users.v1.UserService/${method}`, {
        ...headers,
        "x-request-id": requestId,
      });
      const answer = seen(stream);
      stream.end(Buffer.alloc(5));
      const { headers: told, trailers } = await answer;
      assert.equal(trailers["grpc-status"] ?? told["grpc-status"], status);
      return requestId;
    }

    const isAt = (line: Line, finding: string, at: string, method: string): boolean =>
      line.finding === finding &&
      String(line.at).includes(at) &&
      line.path === `/rig.users.v1.UserService/${method}`;

    /** A finding is told once for a place and a method, with the first call that it was made in. */
    const firstOf = (finding: string, at: string, method: string): Promise<Line> =>
      server.finding((line) => isAt(line, finding, at, method));

    /**
     * Makes calls, by turns before and after an await, until a finding is there: a machine that gives the server no time
     * is told of instead.
     */
    async function callUntil(
      deed: string,
      finding: string,
      method: string,
      ids: string[] = [],
      at = lineOf(deed),
    ): Promise<Line> {
      for (let n = 0; n < MAX_CALLS; n++) {
        ids.push(await call(method, { "x-deed": deed, "x-when": WHEN[n % 2] ?? "" }));
        // A finding is told after its call; the two of a small one after it.
        for (let look = 0; look < 2; look++) await call("ListUsers", { "x-deed": "none" });
        const found = server.lines.find((line) => isAt(line, finding, at, method));
        if (found === undefined || n === 0) continue;
        assert.ok(ids.includes(String(found.requestId)), `${found.requestId} is none of ${ids}`);
        return found;
      }
      assert.fail(`${finding} at ${at} is not among ${server.said()}`);
    }

    for (const deed of heldByJs)
      for (const method of METHODS)
        it(`${deed} in ${method}: its line, its method and its call`, async () => {
          const line = await callUntil(deed, "loop_held", method);
          assert.ok(Number(line.tookMs) >= 50);
        });

    for (const [deed, name] of Object.entries(heldBySync))
      for (const method of METHODS)
        it(`${deed} in ${method}: the function, its line, its method and its call, and that it held the loop`, async () => {
          const ids: string[] = [];
          const sync = await callUntil(deed, "sync_call", method, ids);
          assert.equal(sync.message, `${name} holds the event loop in a call`);
          assert.match(String(sync.cure), /use `|thread/);
          // Of native code the recorder may know the function alone, and the first line of that.
          await callUntil(deed, "loop_held", method, ids, `(${deed})`);
        });

    for (const method of METHODS)
      it(`a large JSON.parse in ${method}: its call, and its line when it comes again`, async () => {
        await callUntil("jsonParse", "loop_held", method);
      });

    // A short deadline may come before the handler is where it hangs, so there are more calls, each with twice the time.
    for (const [deed, finding, method] of [
      ["hungAwait", "handler_outlived", "ListUsers"],
      ["deafGenerator", "generator_open", "StreamUsers"],
    ] as const)
      it(`${deed} in ${method}, after its deadline: the line at which it waits, its method and its call`, async () => {
        const ids: string[] = [];
        let found: Line | undefined;
        for (let ms = 50; found === undefined && ms <= 6_400; ms *= 2) {
          ids.push(await call(method, { "x-deed": deed, "grpc-timeout": `${ms}m` }, "4"));
          found = await Promise.race([firstOf(finding, lineOf(deed), method), delay(ms + 500, undefined)]);
        }
        assert.ok(found, `${finding} is not among ${server.said()}`);
        assert.ok(ids.includes(String(found.requestId)), `${found.requestId} is none of ${ids}`);
        assert.match(String(found.message), /was cancelled \(deadline\)/);
      });

    for (const method of METHODS)
      for (const [deed, finding] of [
        ["stray", "stray"],
        ["listeners", "signal_listeners"],
      ] as const)
        it(`${deed} in ${method}: its line, its method and its call`, async () => {
          const id = await call(method, { "x-deed": deed, "x-when": "after" });
          const line = await firstOf(finding, lineOf(deed), method);
          assert.equal(line.requestId, id);
        });

    it("a client that does not read: its method and its call", async () => {
      const stream = open(server.session, "/rig.users.v1.UserService/StreamUsers", {
        "x-request-id": "slow-reader",
      });
      stream.on("error", () => {});
      stream.end(Buffer.from([0, 0, 0, 0, 3, 8, 0xe8, 7])); // limit: 1000, ten megabytes
      stream.pause();
      const line = await server.finding(({ finding }) => finding === "slow_reader");
      assert.deepEqual([line.requestId, line.path], ["slow-reader", "/rig.users.v1.UserService/StreamUsers"]);
      stream.close();
    });

    it("a slow call: what its time went to", async () => {
      await call("ListUsers", { "x-deed": "busyLoop" });
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
