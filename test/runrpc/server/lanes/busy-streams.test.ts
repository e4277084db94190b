import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type HandlerContext } from "@connectrpc/connect";
import { ChatRequestSchema } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { framed, open, type Running, seen, serve } from "./fast/serve.ts";

// Streams that never wait for anything share the event loop with deadlines, cancels and all other calls.

const UNARY = "/rig.users.v1.UserService/ListUsers";
const SERVER_STREAM = "/rig.users.v1.UserService/StreamUsers";
const CLIENT_STREAM = "/rig.logs.v1.LogService/UploadLogs";
const BIDI = "/rig.chat.v1.ChatService/Chat";
const EMPTY = Buffer.alloc(5);
const SAID = framed(toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "hello" })));
const ENTRIES = framed(
  toBinary(UploadLogsRequestSchema, create(UploadLogsRequestSchema, { entries: [{ message: "x" }] })),
);

/** Takes a millisecond of the thread. */
function work(): void {
  const until = performance.now() + 1;
  while (performance.now() < until);
}

async function* endlessly(_input: unknown, { signal }: HandlerContext) {
  while (!signal.aborted) yield {};
}

function call({ session }: Running, path: string, body: Buffer, headers: Record<string, string> = {}) {
  const stream = open(session, path, headers);
  const answer = seen(stream);
  stream.end(body);
  return { stream, answer };
}

/** Counts the turns of the event loop until `stop`. */
function countTurns() {
  let turns = 0;
  let immediate = setImmediate(function again() {
    turns++;
    immediate = setImmediate(again);
  });
  return () => {
    clearImmediate(immediate);
    return turns;
  };
}

for (const lane of ["stock", "auto"]) {
  const start = (t: Parameters<typeof serve>[0], handlers: Parameters<typeof serve>[1]) =>
    serve(t, handlers, { server: { host: "127.0.0.1", port: 0, lane } });

  for (const [kind, path, body] of [
    ["server stream", SERVER_STREAM, EMPTY],
    ["bidirectional stream", BIDI, SAID],
  ] as const) {
    test(`lane ${lane}, ${kind}: empty messages without a wait leave, end at the deadline and hold up nobody`, async (t) => {
      const running = await start(t, {
        users: { streamUsers: endlessly, listUsers: () => ({}) },
        chat: { chat: endlessly },
      });
      const stop = countTurns();
      const busy = call(running, path, body, { "grpc-timeout": "500m" });
      const first = await new Promise<Buffer>((resolve) => busy.stream.once("data", resolve));
      assert.ok(first.length > 0);
      // While the stream runs.
      const other = call(running, UNARY, EMPTY);
      assert.equal((await other.answer).trailers["grpc-status"], "0");
      assert.equal((await running.nextRecord()).method, "ListUsers");
      const { trailers, body: received } = await busy.answer;
      assert.equal(Number(trailers["grpc-status"]), Code.DeadlineExceeded);
      const record = await running.nextRecord();
      assert.deepEqual([record.cancelledBy, record.abandoned], ["deadline", false]);
      assert.equal(received.length, record.bytesOut);
      assert.ok(record.messagesOut >= received.length / 5);
      // One each 10 ms would be 50; but the client has its part of this thread.
      const turns = stop();
      assert.ok(turns >= 20, `${turns} turns of the event loop in 500 ms`);
    });

    test(`lane ${lane}, ${kind}: twenty such streams share the time of a turn, and a reset ends each`, async (t) => {
      const running = await start(t, { users: { streamUsers: endlessly }, chat: { chat: endlessly } });
      const all = Array.from({ length: 20 }, () => call(running, path, body));
      await Promise.all(all.map(({ stream }) => new Promise((resolve) => stream.once("data", resolve))));
      for (const { stream } of all) stream.close(8);
      for (const _ of all) {
        const { code, cancelledBy } = await running.nextRecord();
        assert.deepEqual([code, cancelledBy], ["canceled", "client"]);
      }
    });
  }

  test(`lane ${lane}: a client that does not read stops a generator of empty messages`, async (t) => {
    let yielded = 0;
    const running = await start(t, {
      users: {
        async *streamUsers(_request, { signal }) {
          while (!signal.aborted) {
            yielded++;
            yield {};
          }
        },
      },
    });
    const stream = open(running.session, SERVER_STREAM);
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("response", resolve));
    let before = -1;
    for (let quiet = 0; quiet < 200; quiet = before === yielded ? quiet + 1 : 0) {
      before = yielded;
      await new Promise(setImmediate);
    }
    // The windows of HTTP/2 (64 KiB), what Node takes on top, and a batch.
    assert.ok(yielded < 60_000, `${yielded} messages were yielded to a client that reads nothing`);
    stream.close(8);
    assert.equal((await running.nextRecord()).code, "canceled");
  });

  for (const [kind, path, message] of [
    ["client stream", CLIENT_STREAM, ENTRIES],
    ["bidirectional stream", BIDI, SAID],
  ] as const) {
    test(`lane ${lane}, ${kind}: a handler that takes what has arrived, without a wait, is cut at its deadline`, async (t) => {
      const take = async (messages: AsyncIterable<unknown>) => {
        for await (const _message of messages) work();
        return {};
      };
      const running = await start(t, {
        users: { listUsers: () => ({}) },
        logs: { uploadLogs: take },
        chat: {
          async *chat(messages) {
            yield await take(messages);
          },
        },
      });
      const count = 3_000;
      const stop = countTurns();
      const { answer } = call(running, path, Buffer.concat(Array(count).fill(message)), {
        "grpc-timeout": "300m",
      });
      const other = call(running, UNARY, EMPTY);
      assert.equal((await other.answer).trailers["grpc-status"], "0");
      assert.equal((await running.nextRecord()).method, "ListUsers");
      assert.equal(Number((await answer).trailers["grpc-status"]), Code.DeadlineExceeded);
      const { messagesIn, cancelledBy } = await running.nextRecord();
      assert.equal(cancelledBy, "deadline");
      assert.ok(messagesIn > 0 && messagesIn < count, `${messagesIn} of ${count} messages were taken`);
      const turns = stop();
      assert.ok(turns >= 12, `${turns} turns of the event loop in 300 ms`);
    });
  }
}
