import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type Interceptor } from "@connectrpc/connect";
import { ChatRequestSchema } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { framed, open, seen, serve } from "../lanes/fast/serve.ts";
import { recordingLog } from "../recording-log.ts";

// What an interceptor does wrong is the fault of the one call, as of a handler: `internal`, a line in the log.

const calls = {
  unary: ["/rig.users.v1.UserService/ListUsers", Buffer.alloc(5)],
  server_streaming: ["/rig.users.v1.UserService/StreamUsers", Buffer.alloc(5)],
  client_streaming: [
    "/rig.logs.v1.LogService/UploadLogs",
    framed(
      toBinary(UploadLogsRequestSchema, create(UploadLogsRequestSchema, { entries: [{ message: "x" }] })),
    ),
  ],
  bidi_streaming: [
    "/rig.chat.v1.ChatService/Chat",
    framed(toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "hello" }))),
  ],
} as const;

type Kind = keyof typeof calls;
const KINDS = Object.keys(calls) as Kind[];
const STREAMS = KINDS.filter((kind) => kind !== "unary");
/** Those in which one side is a single message, which interceptors see as a stream. */
const HALF_STREAMS = ["server_streaming", "client_streaming"] as const;

async function start(t: TestContext, lane: string, interceptor: Interceptor) {
  const { log, lines } = recordingLog();
  const { session, nextRecord } = await serve(
    t,
    {
      users: {
        listUsers: () => ({}),
        async *streamUsers() {
          yield {};
        },
      },
      logs: {
        async uploadLogs(requests) {
          for await (const _request of requests);
          return {};
        },
      },
      chat: {
        async *chat(requests) {
          for await (const _request of requests) yield {};
        },
      },
    },
    { server: { lane }, log, interceptors: [interceptor] },
  );
  return {
    lines,
    async call(kind: Kind) {
      const [path, body] = calls[kind];
      const stream = open(session, path);
      const answer = seen(stream);
      stream.end(body);
      const { headers, trailers } = await answer;
      const status = Number(trailers["grpc-status"] ?? headers["grpc-status"]);
      return { status, record: await nextRecord() };
    },
  };
}

/** As often as it is asked, without waiting for anything. */
async function* endless<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const message of messages) for (;;) yield message;
}

async function* twice<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const message of messages) {
    yield message;
    yield message;
  }
}

/** What it does to the one message of a half stream, whichever side has it. */
const changing =
  (change: <T>(messages: AsyncIterable<T>) => AsyncGenerator<T>): Interceptor =>
  (next) =>
  async (request) => {
    if (!request.stream) return next(request);
    const isAsked = request.method.methodKind === "server_streaming";
    const response = await next(isAsked ? { ...request, message: change(request.message) } : request);
    return isAsked || !response.stream ? response : { ...response, message: change(response.message) };
  };

const faults: Readonly<Record<string, readonly [kinds: readonly Kind[], interceptor: Interceptor]>> = {
  "gives no response": [KINDS, () => async () => undefined as never],
  "gives a response without messages": [
    KINDS,
    (next) => async (request) => ({ ...(await next(request)), message: undefined }) as never,
  ],
  "gives a response whose headers are none": [
    KINDS,
    (next) => async (request) => ({ ...(await next(request)), header: 7 }) as never,
  ],
  "is no function of `next`": [KINDS, (() => undefined) as never],
  "gives one message without end": [HALF_STREAMS, changing(endless)],
  "gives one message twice": [HALF_STREAMS, changing(twice)],
  "takes the message away": [
    STREAMS,
    (next) => async (request) => ({ ...(await next(request)), message: [] }) as never,
  ],
};

for (const lane of ["auto", "stock"]) {
  for (const [title, [kinds, interceptor]] of Object.entries(faults)) {
    test(`lane ${lane}: an interceptor that ${title} is internal, and logged`, async (t) => {
      const { call, lines } = await start(t, lane, interceptor);
      for (const kind of kinds) {
        const { status, record } = await call(kind);
        assert.deepEqual([kind, status, record.code], [kind, Code.Internal, "internal"]);
        assert.equal(record.error, `internal error, request id ${record.requestId}`);
        const [line] = lines.filter(({ level }) => level === "error").splice(-1);
        assert.ok(line !== undefined && "requestId" in line.fields, `${kind} is not in the log`);
        assert.equal(line.fields.requestId, record.requestId);
      }
    });
  }
}
