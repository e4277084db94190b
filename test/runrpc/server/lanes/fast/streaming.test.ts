import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { sendHeaders } from "../../../../../src/runrpc/server/send-headers.ts";
import { collect } from "../../../../collect.ts";
import { ChatRequestSchema } from "../../../../gen/rig/chat/v1/chat_pb.ts";
import { StreamUsersRequestSchema } from "../../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, seen, serve } from "./serve.ts";

const USERS = "/rig.users.v1.UserService/StreamUsers";
const CHAT = "/rig.chat.v1.ChatService/Chat";
const REQUEST = framed(toBinary(StreamUsersRequestSchema, create(StreamUsersRequestSchema, {})));
const SAID = framed(toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "hello" })));

/** Bytes of buffers that somebody still has. */
function bytesHeld(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** One turn of the event loop, in which everything that is ready happens. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("messages that are yielded in one turn arrive in one DATA frame", async (t) => {
  const running = await serve(t, {
    users: {
      async *streamUsers() {
        for (let count = 0; count < 10; count++) yield { user: { id: String(count) } };
        await turn();
        await turn();
      },
    },
  });
  const stream = open(running.session, USERS);
  const sizes: number[] = [];
  stream.on("data", (chunk: Buffer) => sizes.push(chunk.length));
  stream.end(REQUEST);
  await once(stream, "close");
  assert.deepEqual(sizes, [100]);
  const { messagesOut, bytesOut, code } = await running.nextRecord();
  assert.deepEqual([messagesOut, bytesOut, code], [10, 100, "ok"]);
});

test("a single message is not held back", async (t) => {
  const gone = Promise.withResolvers<void>();
  const running = await serve(t, {
    users: {
      async *streamUsers() {
        yield { user: { id: "1" } };
        await gone.promise;
      },
    },
  });
  const stream = open(running.session, USERS);
  stream.end(REQUEST);
  const [chunk] = await once(stream, "data");
  assert.equal(chunk.length, 10);
  gone.resolve();
  await once(stream, "close");
});

test("headers leave before the first message when the handler sends them", async (t) => {
  const gone = Promise.withResolvers<void>();
  const running = await serve(t, {
    users: {
      async *streamUsers(_request, context) {
        context.responseHeader.set("x-early", "1");
        sendHeaders(context);
        await gone.promise;
        yield {};
      },
    },
  });
  const stream = open(running.session, USERS);
  stream.end(REQUEST);
  const [headers] = await once(stream, "response");
  assert.equal(headers["x-early"], "1");
  gone.resolve();
  stream.resume();
  await once(stream, "close");
});

test("a handler that sends headers which HTTP does not take, before it gives its iterable, is told to return", async (t) => {
  const left = Promise.withResolvers<void>();
  const running = await serve(t, {
    users: {
      streamUsers(_request, context) {
        context.responseHeader.set("x-odd", "a\u0001b");
        sendHeaders(context);
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => new Promise<never>(() => {}),
            async return() {
              left.resolve();
              return { done: true as const, value: undefined };
            },
          }),
        };
      },
    },
  });
  const stream = open(running.session, USERS);
  const answer = seen(stream);
  stream.end(REQUEST);
  const { headers, trailers } = await answer;
  assert.equal(trailers["grpc-status"] ?? headers["grpc-status"], "13");
  await left.promise;
  const { code, abandoned } = await running.nextRecord();
  assert.deepEqual([code, abandoned], ["internal", false]);
});

test("a generator is not asked for more while its client does not read", async (t) => {
  let yielded = 0;
  let returned = false;
  const running = await serve(t, {
    users: {
      async *streamUsers() {
        try {
          for (;;) {
            yielded++;
            yield { user: { displayName: "x".repeat(10_000) } };
          }
        } finally {
          returned = true;
        }
      },
    },
  });
  const stream = open(running.session, USERS);
  stream.end(REQUEST);
  await once(stream, "response");
  let before = -1;
  // It has stopped when nothing was yielded for many turns.
  for (let quiet = 0; quiet < 200; quiet = before === yielded ? quiet + 1 : 0) {
    before = yielded;
    await turn();
  }
  assert.ok(yielded < 50, `${yielded} messages of 10 kB were yielded to a client that reads nothing`);
  stream.close(8);
  const record = await running.nextRecord();
  assert.deepEqual([record.code, record.cancelledBy, returned], ["canceled", "client", true]);
});

test("messages that were yielded before an error arrive before it", async (t) => {
  const running = await serve(t, {
    users: {
      async *streamUsers() {
        yield { user: { id: "1" } };
        throw new ConnectError("enough", Code.Aborted);
      },
    },
  });
  const stream = open(running.session, USERS);
  const answer = seen(stream);
  stream.end(REQUEST);
  const { body, trailers } = await answer;
  assert.deepEqual([body.length, trailers["grpc-status"], trailers["grpc-message"]], [10, "10", "enough"]);
});

test("a deadline ends a generator that waits, with its finally, and the client hears of it", async (t) => {
  const returned = Promise.withResolvers<void>();
  const running = await serve(t, {
    users: {
      async *streamUsers(_request, { signal }) {
        try {
          yield {};
          await once(signal, "abort");
        } finally {
          returned.resolve();
        }
      },
    },
  });
  const stream = open(running.session, USERS, { "grpc-timeout": "50m" });
  const answer = seen(stream);
  stream.end(REQUEST);
  assert.equal((await answer).trailers["grpc-status"], "4");
  await returned.promise;
  const { code, cancelledBy, abandoned } = await running.nextRecord();
  assert.deepEqual([code, cancelledBy, abandoned], ["deadline_exceeded", "deadline", false]);
});

test("each message of a bidirectional stream is answered as it comes, in pieces too", async (t) => {
  const running = await serve(t, {
    chat: {
      async *chat(messages) {
        for await (const { text } of messages) yield { text };
      },
    },
  });
  const stream = open(running.session, CHAT);
  stream.write(SAID.subarray(0, 3));
  await turn();
  stream.write(SAID.subarray(3));
  const [first] = await once(stream, "data");
  assert.equal(first.subarray(7).toString(), "hello");
  stream.write(SAID);
  await once(stream, "data");
  stream.end();
  await once(stream, "close");
  const { messagesIn, messagesOut, code } = await running.nextRecord();
  assert.deepEqual([messagesIn, messagesOut, code], [2, 2, "ok"]);
});

test("a handler that leaves its input early ends the call, and the upload is stopped", async (t) => {
  const running = await serve(t, {
    chat: {
      async *chat(messages) {
        for await (const { text } of messages) {
          yield { text };
          return;
        }
      },
    },
  });
  const stream = open(running.session, CHAT);
  const answer = seen(stream);
  stream.write(SAID); // and no end
  const { trailers, rstCode } = await answer;
  assert.deepEqual([trailers["grpc-status"], rstCode], ["0", 0]);
});

test("what a client sends ahead of a handler that does not ask is bounded by flow control", async (t) => {
  const asked = Promise.withResolvers<void>();
  const running = await serve(t, {
    chat: {
      // biome-ignore lint/correctness/useYield: this one says nothing
      async *chat(messages) {
        await asked.promise;
        for await (const _message of messages);
      },
    },
  });
  const big = framed(
    toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "x".repeat(2_000) })),
  );
  const stream = open(running.session, CHAT);
  let sent = 0;
  for (; sent < 2_000; sent++) stream.write(big, () => {});
  for (let count = 0; count < 300; count++) await turn();
  const window = 256 * 1024;
  const taken = sent * big.length - stream.writableLength;
  assert.ok(taken < 4 * window, `${taken} bytes were taken from a client whose messages nobody asked for`);
  asked.resolve();
  stream.end();
  stream.resume();
  await once(stream, "close");
  assert.equal((await running.nextRecord()).messagesIn, sent);
});

test("what a client sends after its handler has left is not kept", async (t) => {
  const chat = {
    async *chat(messages: AsyncIterable<{ readonly text: string }>, { signal }: HandlerContext) {
      for await (const { text } of messages) {
        yield { text };
        break;
      }
      await once(signal, "abort");
    },
  };
  // Our own HTTP/2 holds such a client by flow control instead, and takes no more than its window.
  const running = await serve(t, { chat }, { server: { http2: "node" } });
  const stream = open(running.session, CHAT);
  stream.write(SAID);
  await once(stream, "data");
  // Not one of these is whole, so that none could be handed on and stop the reading: they would gather as bytes.
  const piece = Buffer.alloc(65_536);
  stream.write(framed(Buffer.alloc(0), 0, 4_000_000));
  const before = bytesHeld();
  for (let count = 0; count < 800; count++) {
    if (stream.write(piece)) continue;
    const drained = once(stream, "drain", { signal: AbortSignal.timeout(30_000) });
    await drained.catch(() => assert.fail(`after ${count} pieces the server reads no more`));
  }
  let grown = Number.POSITIVE_INFINITY;
  // V8 gives back the memory of buffers in a thread of its own, and tells nobody when.
  for (let tries = 0; tries < 100 && grown > 10_000_000; tries++) {
    await delay(20);
    grown = bytesHeld() - before;
  }
  assert.ok(grown <= 10_000_000, `${grown} bytes of 52 MB that nobody will ask for were kept`);
  stream.close();
  await once(stream, "close");
  assert.equal((await running.nextRecord()).messagesIn, 1);
});

test("the generator of a message that cannot be sent is told to return", async (t) => {
  let hasLeft = false;
  const running = await serve(
    t,
    {
      users: {
        async *streamUsers() {
          try {
            for (;;) yield { user: { displayName: "x".repeat(2_000) } };
          } finally {
            hasLeft = true;
          }
        },
      },
    },
    { limits: { maxResponseBytes: 1_000 } },
  );
  const stream = open(running.session, "/rig.users.v1.UserService/StreamUsers");
  const answer = seen(stream);
  stream.end(Buffer.alloc(5));
  assert.equal((await answer).trailers["grpc-status"], "8");
  const { code, abandoned } = await running.nextRecord();
  assert.deepEqual([code, abandoned, hasLeft], ["resource_exhausted", false, true]);
});
