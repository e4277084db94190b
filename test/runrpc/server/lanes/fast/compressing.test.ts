import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ChatRequestSchema, ChatResponseSchema } from "../../../../gen/rig/chat/v1/chat_pb.ts";
import { GetUserRequestSchema } from "../../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, seen, serve } from "./serve.ts";

// What happens to a call while one of its messages is being compressed.

const GET_USER = "/rig.users.v1.UserService/GetUser";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const CHAT = "/rig.chat.v1.ChatService/Chat";
const ID = "00000000-0000-4000-8000-000000000001";
const GET = framed(toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { id: ID })));
const NOTHING = framed(Buffer.alloc(0));
const ACCEPTS = { "grpc-accept-encoding": "gzip" };
const compression = { minBytes: 100, loopback: true };

/** Takes gzip far longer than the deadlines and cancels of these tests. */
const LONG = "long ".repeat(3_000_000);

for (const http2 of ["node", "own"]) {
  const server = { host: "127.0.0.1", port: 0, http2 };

  test(`a deadline that passes while an answer is compressed is what the client is told, on ${http2}`, async (t) => {
    const users = { getUser: () => ({ user: { displayName: LONG } }) };
    const running = await serve(t, { users }, { server, compression });
    const stream = open(running.session, GET_USER, { ...ACCEPTS, "grpc-timeout": "20m" });
    stream.end(GET);
    const { trailers, body } = await seen(stream);
    assert.deepEqual([trailers["grpc-status"], body.length], [String(Code.DeadlineExceeded), 0]);
    const { code, messagesOut } = await running.nextRecord();
    assert.deepEqual([code, messagesOut], ["deadline_exceeded", 0]);
  });

  test(`a client that leaves while a message is compressed ends the generator, on ${http2}`, async (t) => {
    const returned = Promise.withResolvers<void>();
    let yielded = 0;
    const users = {
      async *streamUsers() {
        try {
          yield {};
          for (;;) {
            yielded++;
            yield { user: { displayName: LONG } };
          }
        } finally {
          returned.resolve();
        }
      },
    };
    const running = await serve(t, { users }, { server, compression });
    const stream = open(running.session, STREAM, ACCEPTS);
    stream.end(NOTHING);
    await once(stream, "data");
    stream.close(8);
    await returned.promise;
    const { code, cancelledBy, messagesOut } = await running.nextRecord();
    assert.deepEqual([code, cancelledBy, messagesOut, yielded], ["canceled", "client", 1, 1]);
  });

  test(`a generator is not asked for more while its client does not read, on ${http2}`, async (t) => {
    let yielded = 0;
    const users = {
      async *streamUsers() {
        for (;;) {
          yielded++;
          // Half of it does not get shorter.
          const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(10_000))).toString("latin1");
          yield { user: { displayName: noise } };
        }
      },
    };
    const running = await serve(t, { users }, { server, compression });
    const stream = open(running.session, STREAM, ACCEPTS);
    stream.end(NOTHING);
    await once(stream, "response");
    let before = -1;
    for (let quiet = 0; quiet < 200; quiet = before === yielded ? quiet + 1 : 0) {
      before = yielded;
      await turn();
    }
    assert.ok(yielded < 100, `${yielded} messages were yielded to a client that reads nothing`);
    stream.close(8);
    assert.equal((await running.nextRecord()).code, "canceled");
  });

  test(`each message of a bidirectional stream is answered before the next one is sent, on ${http2}`, async (t) => {
    const chat = {
      async *chat(requests: AsyncIterable<{ readonly text: string }>) {
        for await (const { text } of requests) yield { text };
      },
    };
    const running = await serve(t, { chat }, { server, compression });
    const stream = open(running.session, CHAT, ACCEPTS);
    let got = Buffer.alloc(0);
    for (let index = 0; index < 20; index++) {
      const text = `${index} `.repeat(index % 2 === 0 ? 200 : 1);
      stream.write(framed(toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text }))));
      while (got.length < 5 || got.length < 5 + got.readUInt32BE(1))
        got = Buffer.concat([got, (await once(stream, "data"))[0]]);
      const end = 5 + got.readUInt32BE(1);
      const data = got.subarray(5, end);
      assert.equal(got[0], index % 2 === 0 ? 1 : 0);
      assert.equal(fromBinary(ChatResponseSchema, got[0] === 1 ? gunzipSync(data) : data).text, text);
      got = got.subarray(end);
    }
    stream.end();
    const { trailers } = await seen(stream);
    assert.equal(trailers["grpc-status"], "0");
  });
}

test("what a generator yields after a message that is compressed waits for it, and leaves after it", async (t) => {
  const lengths = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 20_000 : index));
  const users = {
    async *streamUsers() {
      for (const length of lengths) yield { user: { displayName: "z".repeat(length) } };
    },
  };
  const running = await serve(t, { users }, { compression });
  const stream = open(running.session, STREAM, ACCEPTS);
  stream.end(NOTHING);
  const { body, headers, trailers } = await seen(stream);
  assert.equal(trailers["grpc-status"], "0");
  assert.equal(headers["grpc-encoding"], "gzip");
  const found: number[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const data = body.subarray(at + 5, end);
    found.push((body[at] === 1 ? gunzipSync(data) : data).length);
    at = end;
  }
  const sizeOf = (length: number): number => (length === 0 ? 2 : length < 128 ? length + 4 : length + 8);
  assert.deepEqual(found, lengths.map(sizeOf));
  assert.equal((await running.nextRecord()).messagesOut, 60);
});
