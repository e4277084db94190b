import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { threaded } from "../../../src/runrpc/threads/threaded.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { recordingLog } from "../server/recording-log.ts";
import { STREAM } from "./handlers/faulty.ts";
import { errorOf } from "./serve.ts";

const idOf = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;

async function serve(t: TestContext, lane: string) {
  const { log, lines } = recordingLog();
  const module = new URL("./handlers/faulty.ts", import.meta.url);
  const server = await startServer({
    services: [threaded(UserService, module, { threads: 1, graceMs: 60_000 })],
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane },
    timeouts: { drainTimeoutMs: 100 },
    log,
  });
  t.after(() => server.drain());
  const users = createClient(UserService, createGrpcTransport({ baseUrl: server.url }));
  return {
    lines,
    users,
    /** The thread, and what it has noted. */
    notes: async () => (await users.listUsers({})).users.map(({ displayName }) => displayName),
    async stream(limit: number, timeoutMs = 10_000) {
      for await (const _ of users.streamUsers({ limit }, { timeoutMs }));
    },
  };
}

for (const lane of ["auto", "stock"])
  describe(`a faulty handler in a thread, lane ${lane}`, () => {
    it("an iterator that heeds its return alone is told at the deadline, and its thread goes on", async (t) => {
      const { notes, stream } = await serve(t, lane);
      const before = await notes();
      const error = await errorOf(stream(STREAM.heedsReturnAlone, 300));
      assert.equal(error.code, Code.DeadlineExceeded);
      for (let now = before; now.length === before.length; ) now = await notes();
      assert.deepEqual(await notes(), [...before, "told"]);
    });

    for (const [title, limit, note] of [
      ["yields what is no message", STREAM.yieldsNoMessage, "left"],
      ["yields a promise that rejects", STREAM.yieldsWhatRejects, "closed"],
    ] as const)
      it(`a generator that ${title} is internal, and its end runs`, async (t) => {
        const { notes, stream, lines } = await serve(t, lane);
        assert.equal((await errorOf(stream(limit))).code, Code.Internal);
        assert.equal((await notes())[1], note);
        assert.equal(lines.filter(({ level }) => level === "error").length, 1);
      });

    it("what the end of a generator throws after its deadline is in the log", async (t) => {
      const { notes, stream, lines } = await serve(t, lane);
      assert.equal((await errorOf(stream(STREAM.throwsInItsEnd, 300))).code, Code.DeadlineExceeded);
      const isLate = () => lines.some(({ message }) => /after its call had ended/.test(message));
      while (!isLate()) await notes();
    });

    it("why a thread cannot be started again is in the log, and not told to those who call", async (t) => {
      const { users, lines } = await serve(t, lane);
      t.after(() => delete process.env.FAULTY_HANDLERS);
      process.env.FAULTY_HANDLERS = "the password is hunter2";
      let error = await errorOf(users.getUser({ id: idOf(3) }));
      // The spare thread is the last one.
      while (/exit code 3/.test(error.rawMessage)) error = await errorOf(users.getUser({ id: idOf(3) }));
      assert.deepEqual(
        [error.code, error.rawMessage],
        [Code.Unavailable, "there is no thread for this call, and none can be started at the moment"],
      );
      const [line] = lines.filter(({ message }) => /cannot be started/.test(message));
      assert.ok(line !== undefined && "err" in line.fields && line.fields.err instanceof Error);
      assert.match(line.fields.err.message, /hunter2/);
    });

    it("what nobody catches costs neither its own call nor another of its thread, and is in the log", async (t) => {
      const file = new URL("./strays-process.ts", import.meta.url).pathname;
      const child = spawn(process.execPath, [...process.execArgv, file, lane], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      t.after(() => child.kill("SIGKILL"));
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const nextLine = async () => JSON.parse((await lines.next()).value ?? "{}") as Record<string, unknown>;
      const users = createClient(
        UserService,
        createGrpcTransport({ baseUrl: String((await nextLine()).url) }),
      );
      const leave = new AbortController();
      const waits = users.getUser({ id: idOf(0) }, { signal: leave.signal }).then(
        () => "answered",
        (reason: unknown) => ConnectError.from(reason).code,
      );
      const headers = { "x-request-id": "strays" };
      const threadOf = async (digit: number) =>
        (await users.getUser({ id: idOf(digit) }, { headers })).user?.displayName;
      const before = await threadOf(4);
      for (const [digit, text] of [
        [1, "rejection in a thread"],
        [2, "timer in a thread"],
      ] as const) {
        assert.equal(await threadOf(digit), before);
        const { level, err, path, requestId } = await nextLine();
        assert.deepEqual(
          [level, err, path, requestId],
          ["fatal", text, "/rig.users.v1.UserService/GetUser", "strays"],
        );
      }
      assert.equal(await threadOf(4), before);
      leave.abort();
      assert.equal(await waits, Code.Canceled);
      for await (const _ of users.streamUsers({ limit: STREAM.leavesBehind }, { headers }));
      const { err, path, requestId } = await nextLine();
      assert.deepEqual(
        [err, path, requestId],
        ["a stream in a thread", "/rig.users.v1.UserService/StreamUsers", "strays"],
      );
      child.kill("SIGTERM");
      assert.deepEqual(await nextLine(), { strays: 3 });
      child.stdout.resume();
      assert.deepEqual(await once(child, "close"), [0, null]);
    });
  });
