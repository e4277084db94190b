import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { defineApp } from "../../../src/runrpc/app/define-app.ts";
import { requirePrincipal } from "../../../src/runrpc/server/auth/principal.ts";
import {
  collect,
  createRequestStream,
  startMemoryApp,
  startTestApp,
  take,
  takeThenCancel,
} from "../../../src/runrpc/testing.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";

/** An application without tables of its own. */
function appOf(
  users: Partial<ServiceImpl<typeof UserService>>,
  logs: Partial<ServiceImpl<typeof LogService>> = {},
) {
  return defineApp({
    services: () => [partOfService(UserService, users), partOfService(LogService, logs)],
  });
}

const getUser: ServiceImpl<typeof UserService>["getUser"] = ({ id }, context) => ({
  user: { id, displayName: requirePrincipal(context).subject },
});

const id = "00000000-0000-4000-8000-000000000001";

async function codeOf(call: Promise<unknown>): Promise<string> {
  const reason = await call.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error),
  );
  return reason === undefined ? "ok" : Code[reason.code];
}

test("a test's application answers a typed client, keeps records, and takes its folder along", async () => {
  let file = "";
  {
    await using app = await startTestApp(appOf({ getUser }));
    file = app.file;
    const { user } = await app.client(UserService).getUser({ id });
    assert.equal(user?.displayName, "developer");
    const { service, method, code, subject } = await app.nextRecord();
    assert.deepEqual(
      [service, method, code, subject],
      ["rig.users.v1.UserService", "GetUser", "ok", "developer"],
    );
    assert.equal(app.records.length, 1);
    assert.ok(existsSync(file));
  }
  assert.equal(existsSync(file), false);
});

test("keys have the scopes and the owner that they are made with, and end when they are revoked", async () => {
  await using app = await startTestApp(appOf({ getUser }));
  const reader = await app.createKey({ user: "ada", scopes: ["users.read"] });
  const { user } = await app.client(UserService, { key: reader }).getUser({ id });
  assert.equal(user?.displayName, "ada");
  const nobody = await app.createKey({ scopes: [] });
  assert.equal(await codeOf(app.client(UserService, { key: nobody }).getUser({ id })), "PermissionDenied");
  const gone = await app.createKey();
  await app.revokeKey(gone);
  assert.equal(await codeOf(app.client(UserService, { key: gone }).getUser({ id })), "Unauthenticated");
});

test("a stream that is cancelled at its third message has run its finally, and its record says who left", async () => {
  const left = Promise.withResolvers<void>();
  await using app = await startTestApp(
    appOf({
      async *streamUsers(_request, { signal }) {
        try {
          for (let count = 1; ; count++) {
            yield { user: { displayName: String(count) } };
            if (count === 3) await new Promise((resolve) => signal.addEventListener("abort", resolve));
          }
        } finally {
          left.resolve();
        }
      },
    }),
  );
  const client = app.client(UserService);
  const taken = await takeThenCancel(3, (signal) => client.streamUsers({}, { signal }));
  assert.deepEqual(
    taken.map(({ user }) => user?.displayName),
    ["1", "2", "3"],
  );
  await left.promise;
  assert.equal((await app.nextRecord()).cancelledBy, "client");
});

test("a stream that is open in a drain may finish", async () => {
  const go = Promise.withResolvers<void>();
  await using app = await startTestApp(
    appOf({
      async *streamUsers() {
        yield { user: { displayName: "first" } };
        await go.promise;
        yield { user: { displayName: "last" } };
      },
    }),
  );
  const users = app.client(UserService).streamUsers({})[Symbol.asyncIterator]();
  await take(users, 1);
  const drained = app.drain();
  go.resolve();
  assert.deepEqual(
    (await take(users, 2)).map(({ user }) => user?.displayName),
    ["last"],
  );
  await drained;
});

test("an answer with a field that its message does not have is refused, and not sent without it", async () => {
  await using app = await startTestApp(
    // As an async function gives it: tsc does not see the field there.
    appOf({ getUser: async () => ({ usr: { id } }) as object }),
  );
  assert.equal(await codeOf(app.client(UserService).getUser({ id })), "Internal");
});

for (const start of [startMemoryApp, startTestApp]) {
  test(`${start.name}: an application that does not start leaves nothing behind`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "runrpc-no-start-"));
    const { TMPDIR } = process.env;
    process.env.TMPDIR = folder;
    t.after(() => {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
      rmSync(folder, { recursive: true });
    });
    const definition = defineApp({
      services() {
        throw new Error("no service today");
      },
    });
    await assert.rejects(start(definition), { message: "no service today" });
    assert.deepEqual(readdirSync(folder), []);
  });

  test(`${start.name}: the options of a client have their effect`, async () => {
    let calls = 0;
    await using app = await start(
      appOf({
        getUser: (_, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        listUsers() {
          if (calls++ === 0) throw new ConnectError("not this time", Code.Unavailable);
          return {};
        },
      }),
    );
    const hasty = app.client(UserService, { deadlineMs: 50 });
    assert.equal(await codeOf(hasty.getUser({ id })), "DeadlineExceeded");
    assert.equal(await codeOf(app.client(UserService).listUsers({})), "Unavailable");
    calls = 0;
    assert.equal(await codeOf(app.client(UserService, { retry: {} }).listUsers({})), "ok");
    assert.throws(() => app.client(UserService, { deadlineMs: -1 }), /deadlineMs -1 is not/);
  });

  test(`${start.name}: keys, scopes, rules and handlers of all four kinds are as a server has them`, async () => {
    await using app = await start(
      appOf(
        {
          getUser,
          async *streamUsers({ limit }) {
            for (let count = 1; count <= limit; count++) yield { user: { displayName: String(count) } };
          },
        },
        {
          async uploadLogs(requests) {
            let count = 0;
            for await (const { entries } of requests) count += entries.length;
            return { logsReceived: BigInt(count) };
          },
        },
      ),
    );
    const users = app.client(UserService);
    assert.equal((await users.getUser({ id })).user?.displayName, "developer");
    assert.equal(await codeOf(users.getUser({ id: "no uuid" })), "InvalidArgument");
    assert.equal(await codeOf(users.listUsers({})), "Unimplemented");
    assert.equal((await collect(users.streamUsers({ limit: 3 }))).length, 3);
    const upload = createRequestStream<{ entries: { message: string }[] }>();
    upload.send({ entries: [{ message: "a" }] }, { entries: [{ message: "b" }, { message: "c" }] });
    upload.end();
    assert.equal((await app.client(LogService).uploadLogs(upload)).logsReceived, 3n);
    const narrow = app.client(UserService, { key: await app.createKey({ scopes: ["events.read"] }) });
    assert.equal(await codeOf(narrow.getUser({ id })), "PermissionDenied");
    assert.equal(
      await codeOf(app.client(UserService, { key: "rr_wrong" }).getUser({ id })),
      "Unauthenticated",
    );
  });

  test(`${start.name}: the application's own way to tell who calls is asked before keys are looked at`, async () => {
    const definition: ReturnType<typeof appOf> = {
      ...appOf({ getUser }),
      authenticate: () => (headers) =>
        headers.authorization === "Bearer ada" ? { subject: "ada", scopes: ["users.read"] } : undefined,
    };
    await using app = await start(definition);
    const users = app.client(UserService, { key: undefined });
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    assert.equal((await users.getUser({ id }, bearer("ada"))).user?.displayName, "ada");
    assert.equal((await app.client(UserService).getUser({ id })).user?.displayName, "developer");
    await assert.rejects(users.getUser({ id }), {
      rawMessage: "this call needs credentials that the server knows",
    });
    await assert.rejects(users.createUser({ email: "a@example.com", displayName: "A" }, bearer("ada")), {
      rawMessage: "the caller ada lacks the scope users.write",
    });
  });
}
