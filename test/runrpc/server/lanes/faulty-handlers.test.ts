import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type Interceptor } from "@connectrpc/connect";
import { ChatRequestSchema } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { GetUserResponseSchema, UserSchema } from "../../../gen/rig/users/v1/users_pb.ts";
import { recordingLog } from "../recording-log.ts";
import { framed, type Handlers, open, seen, serve } from "./fast/serve.ts";
import { protocols, tell } from "./told.ts";

// What a handler does wrong is the fault of its one call: `internal`, a line in the log, and all others go on.

const UNARY = "/rig.users.v1.UserService/ListUsers";
const SERVER_STREAM = "/rig.users.v1.UserService/StreamUsers";
const CLIENT_STREAM = "/rig.logs.v1.LogService/UploadLogs";
const BIDI = "/rig.chat.v1.ChatService/Chat";
const EMPTY = Buffer.alloc(5);
const SAID = framed(toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "hello" })));
const REQUESTS = {
  proto: toBinary(UploadLogsRequestSchema, create(UploadLogsRequestSchema, { entries: [{ message: "x" }] })),
  json: Buffer.from('{"entries":[{"message":"x"}]}'),
};
const ENTRIES = framed(REQUESTS.proto);
const LANES = ["stock", "auto"] as const;

const boom: () => never = () => {
  throw new Error("boom");
};

/** What only has a `then`. */
function thenable(then: (give: (value: unknown) => void) => unknown): object {
  return { then };
}

/** What cannot be asked whether it has a `then`. */
function oddThen(): object {
  // biome-ignore lint/suspicious/noThenProperty: it is what these tests are about
  return Object.defineProperty({}, "then", { get: boom });
}

/** Starts a server with these handlers, of which the compiler knows that they are wrong. */
async function start(t: Parameters<typeof serve>[0], lane: string, handlers: object, extra: object = {}) {
  const { log, lines } = recordingLog();
  const running = await serve(t, handlers as Handlers, {
    server: { host: "127.0.0.1", port: 0, lane },
    log,
    ...extra,
  });
  async function call(path: string, body: Buffer, headers: Record<string, string> = {}) {
    const stream = open(running.session, path, headers);
    const answer = seen(stream);
    stream.end(body);
    const { headers: head, trailers, body: answered } = await answer;
    return {
      status: Number(trailers["grpc-status"] ?? head["grpc-status"]),
      record: await running.nextRecord(),
      answered,
    };
  }
  return { ...running, call, lines, errors: () => lines.filter(({ level }) => level === "error") };
}

const results: Readonly<Record<string, () => object>> = {
  "whose next() throws at once": () => ({ next: boom }),
  "whose next() gives undefined": () => ({ next: () => undefined }),
  "whose next() gives a result and no promise": () => ({ next: () => ({ done: true, value: undefined }) }),
  "whose next() gives a promise of no object": () => ({ next: async () => 7 }),
  "whose next() gives a promise of null": () => ({ next: async () => null }),
  "whose next() rejects": () => ({ next: () => Promise.reject(new Error("boom")) }),
  "whose next() rejects with undefined": () => ({ next: () => Promise.reject() }),
  "whose next() gives a thenable that throws": () => ({ next: () => thenable(boom) }),
  "whose next() gives a `then` that throws when it is read": () => ({
    next: () => oddThen(),
  }),
  "whose next is a getter that throws": () => Object.defineProperty({}, "next", { get: boom }),
  "without a next": () => ({}),
  "whose `done` throws": () => ({ next: async () => Object.defineProperty({}, "done", { get: boom }) }),
  "whose `value` throws": () => ({
    next: async () => Object.defineProperty({ done: false }, "value", { get: boom }),
    return: async () => ({}),
  }),
  "whose value is a thenable that throws": () => ({
    next: async () => ({ done: false, value: thenable(boom) }),
  }),
};

const iterables: Readonly<Record<string, () => unknown>> = {
  ...Object.fromEntries(
    Object.entries(results).map(([title, iterator]) => [
      `an iterator ${title}`,
      () => ({ [Symbol.asyncIterator]: iterator }),
    ]),
  ),
  "no iterable but undefined": () => undefined,
  "no iterable but null": () => null,
  "no iterable but a text": () => "text",
  "an array": () => [{}],
  "a promise of an iterable": async () => [],
  "an iterable whose Symbol.asyncIterator throws": () => ({ [Symbol.asyncIterator]: boom }),
  "an iterable whose Symbol.asyncIterator is a getter that throws": () =>
    Object.defineProperty({}, Symbol.asyncIterator, { get: boom }),
  "an iterable whose Symbol.asyncIterator gives nothing": () => ({ [Symbol.asyncIterator]: () => undefined }),
  "a Proxy that throws at everything": () => new Proxy({}, { get: boom, has: boom, getPrototypeOf: boom }),
};

/** What throws when somebody looks at it, and what is no Error. */
const thrown: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  undefined: () => undefined,
  "a symbol": () => Symbol("odd"),
  "a bigint": () => 7n,
  "an object without a prototype": () => Object.create(null),
  "an Error whose message throws": () => Object.defineProperty(new Error("x"), "message", { get: boom }),
  "an Error whose stack throws": () => Object.defineProperty(new Error("x"), "stack", { get: boom }),
  "an Error whose cause is itself": () => {
    const error = new Error("x");
    error.cause = error;
    return error;
  },
  "an object whose toString and toJSON throw": () => ({ toString: boom, toJSON: boom }),
  "a Proxy that throws at everything": () =>
    new Proxy(new Error("x"), { get: boom, has: boom, getPrototypeOf: boom, ownKeys: boom }),
  "a revoked Proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "a ConnectError with a code that there is not": () => new ConnectError("x", 99 as Code),
  "a ConnectError without a message": () => Object.assign(new ConnectError("x"), { rawMessage: undefined }),
  "a ConnectError without metadata": () => Object.assign(new ConnectError("x"), { metadata: undefined }),
  "a ConnectError without details": () => Object.assign(new ConnectError("x"), { details: undefined }),
  "a ConnectError with a detail that cannot be written": () =>
    new ConnectError("x", Code.Aborted, undefined, [
      { desc: UserSchema, value: { createTime: { seconds: "x" as never } } },
    ]),
  "a ConnectError with metadata that HTTP does not take": () =>
    new ConnectError("x", Code.Aborted, { "x-odd": "a\u0001b" }),
  "a ConnectError with a detail that is none": () =>
    Object.assign(new ConnectError("x"), { details: [{ type: 7 }] }),
  "a ConnectError whose details throw": () =>
    Object.defineProperty(new ConnectError("x"), "details", { get: boom }),
};

const answers: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  "a text": () => "text",
  "a number": () => 7,
  "a bigint": () => 7n,
  true: () => true,
  "a symbol": () => Symbol("x"),
  "an array": () => [],
  "a function": () => () => ({}),
  "an Error": () => new Error("returned"),
  "a Date": () => new Date(),
  "a Map": () => new Map(),
  bytes: () => new Uint8Array(3),
  "a message of another type": () => create(UserSchema, { id: "7" }),
  "a promise of undefined": async () => undefined,
  "a thenable of a text": () => thenable((give) => give("text")),
  "a promise of another realm of null": () => runInNewContext("Promise.resolve(null)"),
  "a `then` that throws when it is read": () => oddThen(),
  "a field that throws when it is read": () =>
    Object.defineProperty({}, "users", { get: boom, enumerable: true }),
};

/** A user with a text where a number belongs. */
const UNWRITABLE = { createTime: { seconds: "the secret" } };

/** The four kinds, each with a handler that gives `answer` where its message is expected. */
const kinds = [
  ["unary", UNARY, EMPTY, (answer: () => unknown) => ({ users: { listUsers: answer } })],
  ["client stream", CLIENT_STREAM, ENTRIES, (answer: () => unknown) => ({ logs: { uploadLogs: answer } })],
  [
    "server stream",
    SERVER_STREAM,
    EMPTY,
    (answer: () => unknown) => ({ users: { streamUsers: once_(answer) } }),
  ],
  ["bidirectional stream", BIDI, SAID, (answer: () => unknown) => ({ chat: { chat: once_(answer) } })],
] as const;

/** A streaming handler whose one message is this. */
function once_(answer: () => unknown) {
  return async function* () {
    yield answer();
  };
}

for (const lane of LANES) {
  for (const [title, iterable] of Object.entries(iterables)) {
    test(`lane ${lane}: a handler that gives ${title} is internal, and logged`, async (t) => {
      const { call, errors } = await start(t, lane, {
        users: { streamUsers: iterable, listUsers: () => ({}) },
        chat: { chat: iterable },
      });
      for (const [path, body] of [
        [SERVER_STREAM, EMPTY],
        [BIDI, SAID],
      ] as const) {
        const { status, record } = await call(path, body);
        assert.deepEqual([status, record.code, record.abandoned], [Code.Internal, "internal", false]);
        const [line] = errors().splice(-1);
        assert.ok(line !== undefined && "path" in line.fields && "requestId" in line.fields);
        assert.deepEqual([line.fields.path, line.fields.requestId], [path, record.requestId]);
      }
      assert.equal(errors().length, 2);
      assert.equal((await call(UNARY, EMPTY)).status, 0);
    });
  }

  for (const [title, iterator] of Object.entries(results)) {
    test(`lane ${lane}: an interceptor that gives an iterator ${title} is internal`, async (t) => {
      const interceptor: Interceptor = (next) => async (request) => {
        const response = await next(request);
        if (!response.stream) return response;
        return { ...response, message: { [Symbol.asyncIterator]: iterator } as never };
      };
      const handlers = { users: { streamUsers: once_(() => ({})) }, chat: { chat: once_(() => ({})) } };
      const { call, errors } = await start(t, lane, handlers, { interceptors: [interceptor] });
      assert.equal((await call(SERVER_STREAM, EMPTY)).record.code, "internal");
      assert.equal((await call(BIDI, SAID)).status, Code.Internal);
      assert.equal(errors().length, 2);
    });
  }

  for (const [title, reason] of Object.entries(thrown)) {
    test(`lane ${lane}: a handler that throws ${title} is internal, and logged`, async (t) => {
      const fail = () => {
        throw reason();
      };
      const handlers = {
        users: {
          listUsers: fail,
          async *streamUsers() {
            yield fail();
          },
        },
        logs: { uploadLogs: async () => fail() },
        chat: { chat: fail },
      };
      const { call, errors } = await start(t, lane, handlers);
      for (const [, path, body] of kinds) {
        const { status, record } = await call(path, body);
        assert.deepEqual([status, record.code], [Code.Internal, "internal"]);
        assert.equal(record.error, `internal error, request id ${record.requestId}`);
      }
      assert.equal(errors().length, 4);
    });
  }

  for (const [title, answer] of Object.entries(answers)) {
    for (const [kind, path, body, handlers] of kinds) {
      test(`lane ${lane}, ${kind}: ${title} for an answer is internal, and no empty OK`, async (t) => {
        const { call, errors } = await start(t, lane, handlers(answer));
        const { status, record, answered } = await call(path, body);
        assert.deepEqual([status, record.code, record.messagesOut], [Code.Internal, "internal", 0]);
        assert.equal(answered.length, 0);
        assert.equal(errors().length, 1);
      });
    }
  }

  for (const format of ["proto", "json"] as const)
    test(`lane ${lane}, ${format}: a value that its field cannot have is internal on every protocol, and for the log alone`, async (t) => {
      const handlers = {
        users: {
          listUsers: () => ({ users: [UNWRITABLE] }),
          streamUsers: once_(() => ({ user: UNWRITABLE })),
        },
        logs: { uploadLogs: () => ({ logsReceived: {} }) },
      };
      const { session, nextRecord, errors } = await start(t, lane, handlers);
      for (const [kind, path] of kinds)
        for (const protocol of protocols) {
          if (kind === "bidirectional stream") continue;
          const isUnary = kind === "unary";
          const body =
            kind === "client stream" ? REQUESTS[format] : Buffer.from(format === "json" ? "{}" : "");
          const { error } = await tell(session, protocol, path, isUnary, [body], {}, format);
          const record = await nextRecord();
          const told = `internal error, request id ${record.requestId}`;
          assert.deepEqual([error?.code, error?.rawMessage], [Code.Internal, told], `${protocol}, ${kind}`);
          assert.deepEqual([record.code, record.error, record.messagesOut], ["internal", told, 0]);
          const [line] = errors().splice(-1);
          assert.ok(line !== undefined && "err" in line.fields && line.fields.err instanceof TypeError);
          assert.match(
            line.fields.err.message,
            /^a handler gave a rig\.\w+\.v1\.\w+ that cannot be written: ./,
          );
        }
      assert.equal(errors().length, 9);
    });

  for (const [title, answer] of Object.entries({
    "a thenable": () => thenable((give) => give({})),
    "a function with a `then`": () =>
      Object.assign(
        () => {},
        thenable((give) => give({})),
      ),
    "a promise of another realm": () => runInNewContext("Promise.resolve({})"),
    "an object of another realm": () => runInNewContext("({})"),
    "an object without a prototype": () => Object.create(null),
    "an instance of a class": () => new (class Answer {})(),
  })) {
    for (const [kind, path, body, handlers] of kinds) {
      test(`lane ${lane}, ${kind}: ${title} is taken for the answer that it is of`, async (t) => {
        const { call } = await start(t, lane, handlers(answer));
        const { status, record, answered } = await call(path, body);
        assert.deepEqual([status, record.code, record.messagesOut], [0, "ok", 1]);
        assert.deepEqual(answered, EMPTY);
      });
    }
  }

  test(`lane ${lane}: an answer with a field that its message does not have is internal, and the field named`, async (t) => {
    for (const [answer, named] of [
      [{ usres: [] }, /^usres: rig\.users\.v1\.ListUsersResponse has no field usres; did you mean users\?$/],
      [{ users: [{ id: "1", mail: "x" }] }, /^users\[0\]\.mail: rig\.users\.v1\.User has no field mail/],
      [{ users: ["ann"] }, /^users\[0\]: a string is no rig\.users\.v1\.User$/],
      [{ users: [Promise.resolve({})] }, /^users\[0\]: \[object Promise\] is no rig\.users\.v1\.User$/],
    ] as const) {
      const { call, errors } = await start(t, lane, { users: { listUsers: async () => answer } });
      assert.equal((await call(UNARY, EMPTY)).record.code, "internal");
      const [line] = errors();
      assert.ok(line !== undefined && "err" in line.fields && line.fields.err instanceof TypeError);
      assert.match(line.fields.err.message, named);
    }
  });

  for (const [title, broken] of Object.entries<() => unknown>({
    "throws at once": boom,
    "gives no promise": () => ({}),
    "gives undefined": () => undefined,
    rejects: () => Promise.reject(new Error("boom")),
    "gives a thenable that throws": () => thenable(boom),
  })) {
    for (const [end, code] of [
      ["deadline", "deadline_exceeded"],
      ["reset", "canceled"],
      ["drain", "unavailable"],
      ["bad message", "internal"],
    ] as const) {
      test(`lane ${lane}: a return() that ${title} at a ${end} costs nobody anything, and is logged`, async (t) => {
        const asked = Promise.withResolvers<void>();
        const never = new Promise<never>(() => {});
        const iterable = () => ({
          [Symbol.asyncIterator]: () => ({
            next() {
              asked.resolve();
              return end === "bad message" ? Promise.resolve({ done: false, value: "text" }) : never;
            },
            return: broken,
          }),
        });
        const { session, server, nextRecord, lines, call } = await start(
          t,
          lane,
          { users: { streamUsers: iterable, listUsers: () => ({}) } },
          { timeouts: { drainTimeoutMs: 50 } },
        );
        const stream = open(session, SERVER_STREAM, end === "deadline" ? { "grpc-timeout": "50m" } : {});
        const closed = once(stream, "close");
        stream.end(EMPTY).resume();
        await asked.promise;
        if (end === "reset") stream.close(8);
        if (end === "drain") await server.drain();
        await closed;
        assert.equal((await nextRecord()).code, code);
        const late = lines.filter(({ message }) => /after its call had ended/.test(message));
        assert.equal(late.length, 1);
        if (end !== "drain") assert.equal((await call(UNARY, EMPTY)).status, 0);
      });
    }
  }

  test(`lane ${lane}: whoever gives a promise of a message that rejects is told to return`, async (t) => {
    for (const iterable of [
      (left: () => void) => ({
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ done: false, value: thenable(boom) }),
          async return() {
            left();
          },
        }),
      }),
      function* (left: () => void) {
        try {
          yield Promise.reject(new Error("boom"));
        } finally {
          left();
        }
      },
    ]) {
      const left = Promise.withResolvers<void>();
      const { call, errors } = await start(t, lane, { users: { streamUsers: () => iterable(left.resolve) } });
      const { status, record } = await call(SERVER_STREAM, EMPTY);
      assert.deepEqual([status, record.code, record.abandoned], [Code.Internal, "internal", false]);
      await left.promise;
      assert.equal(errors().length, 1);
    }
  });

  test(`lane ${lane}: what a handler throws after its cancel is logged once, its heeding the signal is not`, async (t) => {
    const untilAborted = ({ signal }: HandlerContext) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const throwsLate = (reason: () => unknown) => ({
      users: {
        async listUsers(_request: unknown, context: HandlerContext) {
          await untilAborted(context);
          throw reason() ?? context.signal.reason;
        },
        async *streamUsers(_request: unknown, context: HandlerContext) {
          try {
            yield {};
            await untilAborted(context);
            throw reason() ?? context.signal.reason;
          } finally {
            if (reason() !== undefined) boom();
          }
        },
      },
      logs: {
        async uploadLogs(_requests: unknown, context: HandlerContext) {
          await untilAborted(context);
          throw reason() ?? context.signal.reason;
        },
      },
    });
    for (const [reason, count] of [
      [() => new Error("late"), 1],
      [() => undefined, 0],
      [() => new DOMException("stopped", "AbortError"), 0],
    ] as const) {
      const handlers = throwsLate(reason);
      for (const [path, body] of [
        [UNARY, EMPTY],
        [CLIENT_STREAM, ENTRIES],
        [SERVER_STREAM, EMPTY],
      ] as const) {
        if (path === SERVER_STREAM && reason()?.name === "AbortError") continue; // its finally throws another one
        const { call, lines } = await start(t, lane, handlers);
        const { record } = await call(path, body, { "grpc-timeout": "50m" });
        const late = lines.filter(({ message }) => /after its call had ended/.test(message));
        assert.equal(late.length, count, `${path} ${lines.map(({ message }) => message)}`);
        for (const { level, fields } of late) {
          assert.ok("path" in fields && "requestId" in fields);
          assert.deepEqual([level, fields.path, fields.requestId], ["error", path, record.requestId]);
        }
      }
    }
  });

  test(`lane ${lane}: mapError, onRecord and the log may throw`, async (t) => {
    for (const extra of [
      { mapError: boom },
      { mapError: () => new Error("no ConnectError") },
      { mapError: () => new Proxy({}, { get: boom, getPrototypeOf: boom }) },
      { log: { debug: boom, info: boom, warn: boom, error: boom } },
    ]) {
      const { call } = await start(t, lane, { users: { listUsers: boom } }, extra);
      const { status, record } = await call(UNARY, EMPTY);
      assert.deepEqual([status, record.code], [Code.Internal, "internal"]);
    }
    for (const onRecord of [boom, async () => boom(), () => thenable(boom)]) {
      const { session, errors } = await start(t, lane, { users: { listUsers: () => ({}) } }, { onRecord });
      const stream = open(session, UNARY);
      const answer = seen(stream);
      stream.end(EMPTY);
      assert.equal((await answer).trailers["grpc-status"], "0");
      while (errors().length === 0) await new Promise(setImmediate);
      assert.match(errors()[0]?.message ?? "", /^the record of a call could not be written$/);
    }
  });

  test(`lane ${lane}: half of a surrogate pair and U+0000 in an error are U+FFFD to the client and in the record`, async (t) => {
    const { call, baseUrl, nextRecord } = await start(t, lane, {
      users: {
        listUsers() {
          throw new ConnectError("odd \ud800 te\0xt", Code.Aborted);
        },
      },
    });
    const { status, record } = await call(UNARY, EMPTY);
    assert.deepEqual([status, record.code, record.error], [Code.Aborted, "aborted", "odd \ufffd te\ufffdxt"]);
    const headers = { "content-type": "application/json" };
    const response = await fetch(baseUrl + UNARY, { method: "POST", headers, body: "{}" });
    const told = (await response.json()) as { readonly message: string };
    assert.deepEqual([told.message, (await nextRecord()).error], Array(2).fill("odd \ufffd te\ufffdxt"));
  });
}

test("a message that is one already is not looked into", async (t) => {
  const { call } = await start(t, "auto", {
    users: {
      listUsers: () => ({ users: [create(UserSchema, { id: "1" })] }),
      getUser: () => create(GetUserResponseSchema),
    },
  });
  assert.equal((await call(UNARY, EMPTY)).status, 0);
});
