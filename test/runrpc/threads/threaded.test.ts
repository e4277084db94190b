import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { threaded } from "../../../src/runrpc/threads/threaded.ts";
import { UserSchema, UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { errorOf, serve } from "./serve.ts";

const first = ({ users }: { users: { displayName: string }[] }) => users[0]?.displayName;

for (const lane of ["auto", "stock"])
  for (const isPlain of [false, true])
    describe(`handlers ${isPlain ? "on the main thread" : "in threads"}, lane ${lane}`, () => {
      it("all four kinds answer: plain functions, async ones, generators and async generators", async (t) => {
        const { users, logs, chat } = await serve(t, { lane, isPlain });
        const thread = first(await users.listUsers({ pageToken: "thread" }));
        assert.equal(thread === "0", isPlain);
        const names: string[] = [];
        for await (const { user } of users.streamUsers({ limit: 100 })) names.push(user?.displayName ?? "");
        assert.deepEqual(
          names,
          Array.from({ length: 100 }, (_, n) => `user ${n + 1}`),
        );
        const upload = (async function* () {
          for (let n = 0; n < 100; n++) yield { entries: [{ message: "one" }, { message: "two" }] };
        })();
        assert.equal((await logs.uploadLogs(upload)).logsReceived, 200n);
        const said = (async function* () {
          for (let n = 0; n < 200; n++) yield { text: `message ${n}` };
        })();
        const heard: string[] = [];
        for await (const { text } of chat.chat(said)) heard.push(text);
        assert.deepEqual(
          heard,
          Array.from({ length: 200 }, (_, n) => `message ${n}`),
        );
        assert.equal((await logs.listLogs({})).nextPageToken, "55");
      });

      it("headers, trailers, caller, deadline and method are there", async (t) => {
        const { users } = await serve(t, { lane, isPlain, only: "users" });
        let told: unknown[] = [];
        const { users: shown } = await users.listUsers(
          { pageToken: "speaks" },
          {
            headers: { "x-said": "by the client" },
            timeoutMs: 60_000,
            onHeader: (headers) => told.push(headers.get("x-header")),
            onTrailer: (trailers) => told.push(trailers.get("x-trailer")),
          },
        );
        assert.deepEqual(
          shown.map(({ displayName }) => displayName),
          ["by the client", "undefined", "true", "ListUsers", "rig.users.v1.UserService"],
        );
        assert.deepEqual(told, ["from a thread", "from a thread"]);
        told = [];
      });

      it("errors keep code, message, details and metadata; a bug is internal, and logged with its stack", async (t) => {
        const { users, lines } = await serve(t, { lane, isPlain, only: "users" });
        const error = await errorOf(users.listUsers({ pageToken: "refuses" }));
        assert.deepEqual([error.code, error.rawMessage], [Code.NotFound, "no such page"]);
        assert.equal(error.metadata.get("x-reason"), "none");
        assert.equal(error.findDetails(UserSchema)[0]?.displayName, "a detail");
        assert.equal((await errorOf(users.listUsers({ pageToken: "fails" }))).code, Code.Internal);
        const fields: { readonly err?: Error & { readonly code?: string } } = lines.at(-1)?.fields ?? {};
        const { err } = fields;
        assert.deepEqual([err?.name, err?.message, err?.code], ["TypeError", "a bug", "E_BUG"]);
        assert.match(err?.stack ?? "", /handlers\/users\.ts/);
        assert.equal((await errorOf(users.listUsers({ pageToken: "forgets" }))).code, Code.Internal);
      });

      it("a generator that yields what is no message is left: its finally runs, and its client is told", async (t) => {
        const { users } = await serve(t, { lane, isPlain, only: "users" });
        const left = async () => Number(first(await users.listUsers({ pageToken: "left" })));
        for (const [limit, code] of [
          [901, Code.Internal],
          [902, Code.Internal],
          ...(isPlain ? [] : [[903, Code.NotFound] as const]),
        ] as const) {
          const before = await left();
          const error = await errorOf(Array.fromAsync(users.streamUsers({ limit })));
          assert.equal(error.code, code, `${limit}: ${error.message}`);
          const giveUp = AbortSignal.timeout(60_000);
          while ((await left()) === before)
            assert.ok(!giveUp.aborted, `${limit}: the generator has not come to its finally`);
        }
      });

      it("a handler that waits is told of its deadline by its signal", async (t) => {
        const { users, server } = await serve(t, { lane, isPlain, only: "users" });
        const id = "00000000-0000-4000-8000-000000000000";
        assert.equal((await errorOf(users.getUser({ id }, { timeoutMs: 100 }))).code, Code.DeadlineExceeded);
        // Its client has its own clock.
        while (server.stats().calls.open > 0) await new Promise(setImmediate);
        assert.equal((await users.getUser({ id: `1${id.slice(1)}` })).user?.id[0], "1");
      });
    });

describe("in threads", () => {
  for (const deed of ["polls", "throwsWhenAborted"] as const)
    it(`a loop that never waits and looks at its signal (${deed}) ends at its deadline, and its thread goes on`, async (t) => {
      const { users } = await serve(t, { only: "users", threads: 1, graceMs: 60_000 });
      const before = first(await users.listUsers({ pageToken: "thread" }));
      const error = await errorOf(users.listUsers({ pageToken: deed }, { timeoutMs: 100 }));
      assert.equal(error.code, Code.DeadlineExceeded);
      assert.equal(first(await users.listUsers({ pageToken: "thread" })), before);
    });

  it("a loop that heeds nothing is ended after the grace: its client had its deadline, and others are served", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 1, graceMs: 50 });
    const before = first(await users.listUsers({ pageToken: "thread" }));
    let now = before;
    // A short deadline may come before the loop has begun.
    for (let timeoutMs = 100; now === before; timeoutMs *= 2) {
      const error = await errorOf(users.listUsers({ pageToken: "deaf" }, { timeoutMs }));
      assert.equal(error.code, Code.DeadlineExceeded);
      now = first(await users.listUsers({ pageToken: "thread" }));
    }
  });

  it("handlers that wait synchronously hold up neither each other nor the main thread", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 4 });
    const waits = Array.from({ length: 4 }, () => users.listUsers({ pageToken: "waits", pageSize: 1_000 }));
    const threads = new Set((await Promise.all(waits)).map(first));
    assert.equal(threads.size, 4);
  });

  it("a thread that ends takes its own call with it, and no other", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 2 });
    const id = "00000000-0000-4000-8000-000000000000";
    const waits = errorOf(users.getUser({ id }, { timeoutMs: 2_000 }));
    const exits = await errorOf(users.listUsers({ pageToken: "exits" }));
    assert.equal(exits.code, Code.Unavailable);
    assert.match(exits.rawMessage, /ended with exit code 3/);
    for (let n = 0; n < 5; n++) await users.listUsers({ pageToken: "thread" });
    assert.equal((await waits).code, Code.DeadlineExceeded);
  });

  it("calls that wait for a thread are bounded, and go on when it is free", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 1, maxQueued: 2 });
    const calls = Array.from({ length: 6 }, () => users.listUsers({ pageToken: "waits", pageSize: 300 }));
    const codes = (await Promise.allSettled(calls)).map((result) =>
      result.status === "fulfilled" ? "ok" : Code[ConnectError.from(result.reason).code],
    );
    assert.deepEqual(codes.sort(), [
      "ResourceExhausted",
      "ResourceExhausted",
      "ResourceExhausted",
      "ok",
      "ok",
      "ok",
    ]);
  });

  it("a module that cannot be loaded, or lacks a function, stops the start", async () => {
    for (const [file, text] of [
      ["./handlers/none.ts", /cannot be loaded in a thread/],
      ["./handlers/chat.ts", /has no function getUser, listUsers/],
    ] as const)
      await assert.rejects(
        startServer({
          services: [threaded(UserService, new URL(file, import.meta.url), { threads: 1 })],
          keys: "open",
          server: { host: "127.0.0.1", port: 0 },
        }),
        text,
      );
  });

  it("a method that is named for it runs on the main thread", async () => {
    const definition = threaded(UserService, new URL("./handlers/users.ts", import.meta.url), {
      main: { updateUser: () => ({ user: { displayName: "main" } }) },
    });
    const answer = definition.implementation.updateUser?.() as { user: { displayName: string } };
    assert.equal(answer.user.displayName, "main");
  });
});
