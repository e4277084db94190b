import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code } from "@connectrpc/connect";
import { openKeys } from "../../../src/runrpc/app/open-keys.ts";
import definition from "../../app/main.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { type RequestLogRow, startTestApp, type TestApp } from "../app.ts";
import { exchange, type Input, type Inputs, outcomeOf, transportOf } from "./calls.ts";
import { type Cell, cells, type Kind, methods, recordedOf, requestIdOf } from "./cells.ts";

const userId = "00000000-0000-4000-8000-000000000001";

/** A request that is answered, for each kind, with what is asked for and what is sent back. */
const good: Record<
  Kind,
  { inputs: (id: string) => Input[]; answer: (message: Message) => unknown; answers: unknown[] }
> = {
  unary: {
    inputs: () => [{ id: userId }],
    answer: ({ user }: Loose) => user.email,
    answers: ["dev@localhost"],
  },
  server_streaming: {
    inputs: () => [{ limit: 3 }],
    answer: ({ user }: Loose) => user.email,
    answers: ["dev@localhost", "1@example.com", "2@example.com"],
  },
  client_streaming: {
    inputs: () => [{ entries: [{ message: "a" }, { message: "b" }] }, { entries: [{ message: "c" }] }],
    answer: ({ logsReceived }: Loose) => logsReceived,
    answers: [3n],
  },
  bidi_streaming: {
    inputs: (id) => [{ room: id, text: "a" }, { text: "b" }],
    answer: ({ text }: Loose) => text,
    answers: ["", "Received: a", "Received: b"],
  },
};

// biome-ignore lint/suspicious/noExplicitAny: four kinds of message, of which a test reads one field each.
type Loose = any;

/** Requests that break a rule of their schema, and the field whose rule it is. */
const bad: Record<Kind, { input: Input; field: string }> = {
  unary: { input: { id: "x" }, field: "id" },
  server_streaming: { input: { limit: -1 }, field: "limit" },
  client_streaming: { input: { entries: [] }, field: "entries" },
  bidi_streaming: { input: { room: "x".repeat(101) }, field: "room" },
};

describe("the app answers, and refuses, the same way on every protocol", () => {
  const apps = new Map<Cell["lane"], TestApp & { readonly keys: Keys }>();
  /** What the table must hold in the end, by request id. */
  const expected = new Map<string, object>();

  before(async () => {
    for (const lane of ["stock", "auto"] as const) {
      // Every wrong key here comes from one address, which must not be slowed down.
      const app = await startTestApp({ "server.lane": lane, "auth.max_failures": "100000" });
      apps.set(lane, { ...app, keys: await makeKeys(app) });
      const { createUser } = UserService.method;
      for (const email of ["1@example.com", "2@example.com"]) {
        const call = exchange(
          transportOf({ protocol: "connect", httpVersion: "1.1" }, app.url),
          createUser,
          [{ email, displayName: "somebody" }],
          { headers: { "x-api-key": app.key, "x-request-id": `seed/${email}` } },
        );
        assert.equal((await outcomeOf(call)).error, undefined);
      }
    }
  });
  after(async () => {
    for (const app of apps.values()) await app.close();
  });

  function appOf({ lane }: Cell) {
    const app = apps.get(lane);
    assert.ok(app !== undefined);
    return app;
  }

  /** Makes a call that is known by its case and cell, and notes what its record must hold. */
  async function call(
    cell: Cell,
    name: string,
    inputs: Inputs,
    key: string | undefined,
    record: object,
    method: DescMethod = methods[cell.kind],
  ) {
    const app = appOf(cell);
    const requestId = requestIdOf(name, cell);
    const headers = { "x-request-id": requestId, ...(key === undefined ? {} : { "x-api-key": key }) };
    expected.set(requestId, {
      ...recordedOf(cell),
      messagesIn: 0,
      messagesOut: 0,
      subject: null,
      keyId: null,
      ...record,
    });
    const outcome = await outcomeOf(exchange(transportOf(cell, app.url), method, inputs, { headers }));
    if (outcome.error !== undefined) assert.equal(outcome.error.metadata.get("x-request-id"), requestId);
    return outcome;
  }

  const caller = (key: string) => ({ subject: userId, keyId: key.slice(0, 11) });

  describe("each way to call", { concurrency: 4 }, () => {
    for (const cell of cells) {
      const { lane, protocol, httpVersion, kind } = cell;
      describe(`${protocol} over HTTP/${httpVersion}, ${kind}, lane ${lane}`, () => {
        it("a call with a key succeeds", async () => {
          const { inputs, answer, answers } = good[kind];
          const { key } = appOf(cell);
          const sent = inputs(requestIdOf("room", cell));
          const record = { code: "ok", messagesIn: sent.length, messagesOut: answers.length, ...caller(key) };
          const { messages, error } = await call(cell, "success", sent, key, record);
          assert.equal(error, undefined);
          assert.deepEqual(messages.map(answer), answers);
        });

        it("a request that breaks a rule is invalid_argument, with the violation as a detail", async () => {
          const { key } = appOf(cell);
          const { input, field } = bad[kind];
          const record = { code: "invalid_argument", messagesIn: 1, ...caller(key) };
          const { error, messages } = await call(cell, "invalid", [input], key, record);
          assert.equal(error?.code, Code.InvalidArgument);
          assert.deepEqual(messages, []);
          const paths = error
            .findDetails(ViolationsSchema)
            .flatMap(({ violations }) =>
              violations.map((violation) => violation.field?.elements[0]?.fieldName),
            );
          assert.deepEqual(paths, [field]);
        });

        for (const name of [
          "no",
          "an unknown",
          "a half-right",
          "a malformed",
          "an expired",
          "a revoked",
        ] as const) {
          it(`${name} key is unauthenticated`, async () => {
            const inputs = good[kind].inputs("nobody gets in");
            const { error, messages } = await call(
              cell,
              `${name.replace(" ", "-")}-key`,
              inputs,
              appOf(cell).keys[name],
              {
                code: "unauthenticated",
              },
            );
            assert.equal(error?.code, Code.Unauthenticated);
            assert.deepEqual(messages, []);
          });
        }

        it("a key without the method's scope is permission_denied, and the record says whose it is", async () => {
          const key = appOf(cell).keys.scopeless;
          const record = { code: "permission_denied", ...caller(key) };
          const { error } = await call(cell, "scope", good[kind].inputs("nobody gets in"), key, record);
          assert.equal(error?.code, Code.PermissionDenied);
        });

        it("a method that does not exist is unimplemented", async () => {
          const { key } = appOf(cell);
          const method = { ...methods[kind], name: "Nothing" };
          const record = { code: "unimplemented", kind: "unknown", method: "Nothing" };
          const { error } = await call(
            cell,
            "unknown-method",
            good[kind].inputs("nowhere"),
            key,
            record,
            method,
          );
          assert.equal(error?.code, Code.Unimplemented);
        });
      });
    }
  });

  for (const lane of ["stock", "auto"] as const) {
    it(`lane ${lane}: request_log holds each of these calls exactly once`, async () => {
      const rows = (await apps.get(lane)?.requestLog()) ?? [];
      const found = rows.filter(({ requestId }) => !requestId.startsWith("seed/"));
      const wanted = [...expected].filter(([id]) => id.split("/")[1] === lane);
      const byId = (a: { requestId: string }, b: { requestId: string }) =>
        a.requestId < b.requestId ? -1 : 1;
      assert.deepEqual(
        found.map(foretold).sort(byId),
        wanted.map(([requestId, record]) => ({ ...NOT_THERE, requestId, ...record })).sort(byId),
      );
      for (const { requestId, code, error, durationMs, bytesIn, bytesOut } of found) {
        assert.ok(durationMs > 0, `${requestId} took ${durationMs} ms`);
        assert.equal(error === "", code === "ok", `${requestId}: ${error}`);
        if (code === "ok")
          assert.ok(bytesIn > 0 && bytesOut > 0, `${requestId}: ${bytesIn} in, ${bytesOut} out`);
      }
    });
  }
});

/** What the record of a call has that nobody cancelled, where requests are not kept. */
const NOT_THERE = { cancelledBy: null, abandoned: 0, request: null, requestNote: null, traceId: null };

type Keys = Awaited<ReturnType<typeof makeKeys>>;

/** Keys that are no good, by what is wrong with them. */
async function makeKeys({ loaded, key }: TestApp) {
  await using admin = await openKeys(definition, loaded);
  const make = async (changes: { scopes?: string[]; expiresAt?: Date }) =>
    await admin.create({ user: userId, name: "test", scopes: ["*"], expiresAt: undefined, ...changes });
  const revoked = await make({});
  await admin.revoke(revoked.keyId);
  const scopeless = await make({ scopes: ["nothing"] });
  const expired = await make({ expiresAt: new Date(Date.now() - 1_000) });
  return {
    no: undefined,
    "an unknown": `rr_${"A".repeat(8)}${key.slice(11)}`,
    "a half-right": key.slice(0, -1) + (key.endsWith("A") ? "B" : "A"),
    "a malformed": "let me in",
    "an expired": expired.key,
    "a revoked": revoked.key,
    scopeless: scopeless.key,
  };
}

/** What a cell can foretell of a row. */
function foretold({ id, startedAt, error, durationMs, bytesIn, bytesOut, ...rest }: RequestLogRow) {
  return rest;
}
