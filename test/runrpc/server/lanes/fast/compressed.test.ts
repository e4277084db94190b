import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ChatRequestSchema, ChatResponseSchema } from "../../../../gen/rig/chat/v1/chat_pb.ts";
import { GetUserRequestSchema } from "../../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, seen, serve } from "./serve.ts";

const GET_USER = "/rig.users.v1.UserService/GetUser";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const CHAT = "/rig.chat.v1.ChatService/Chat";
const ENCODINGS = [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
] as const;

const said = (text: string): Uint8Array =>
  toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text }));

const ID = "0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

/** A request whose message has so many bytes, most of them in a field that nobody knows. */
function ofBytes(bytes: number): Uint8Array {
  const message = toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { id: ID }));
  const length = bytes - message.length - 4;
  const head = [0xa2, 0x06, 0x80 | (length & 0x7f), length >> 7];
  return Buffer.concat([message, Buffer.from(head), Buffer.alloc(length, "x")]);
}

for (const http2 of ["node", "own"])
  for (const [encoding, compress] of ENCODINGS) {
    const packed = (message: Uint8Array): Buffer => framed(compress(message), 1);
    const headers = { "grpc-encoding": encoding };
    const server = { host: "127.0.0.1", port: 0, http2 };

    test(`${encoding} on ${http2}: messages up to the limit are taken, and one byte more is too much`, async (t) => {
      const ids: string[] = [];
      const users = {
        getUser({ id }: { readonly id: string }) {
          ids.push(id);
          return { user: { id: "1" } };
        },
        async *streamUsers() {
          yield { user: { id: "2" } };
        },
      };
      const running = await serve(t, { users }, { server, limits: { maxRequestBytes: 1_000 } });
      for (const [bytes, status] of [
        [1_000, "0"],
        [1_001, String(Code.ResourceExhausted)],
      ] as const) {
        const stream = open(running.session, GET_USER, headers);
        stream.end(packed(ofBytes(bytes)));
        const { trailers, headers: answered } = await seen(stream);
        assert.equal(trailers["grpc-status"] ?? answered["grpc-status"], status, `${bytes} bytes`);
        assert.equal((await running.nextRecord()).messagesIn, status === "0" ? 1 : 0);
      }
      assert.deepEqual(ids, [ID]);
    });

    test(`${encoding} on ${http2}: a stream may mix compressed and plain messages, and keeps their order`, async (t) => {
      const chat = {
        async *chat(requests: AsyncIterable<{ readonly text: string }>) {
          for await (const { text } of requests) yield { text };
        },
      };
      const running = await serve(t, { chat }, { server });
      const stream = open(running.session, CHAT, headers);
      const texts = Array.from({ length: 300 }, (_, index) => `${index} `.repeat(1 + (index % 50)));
      for (const [index, text] of texts.entries())
        stream.write(index % 3 === 0 ? framed(said(text)) : packed(said(text)));
      stream.end();
      const { body, trailers, headers: answered } = await seen(stream);
      assert.equal(trailers["grpc-status"], "0");
      assert.equal(answered["grpc-accept-encoding"], "identity,gzip,br,zstd");
      assert.deepEqual(textsIn(body), texts);
      assert.equal((await running.nextRecord()).messagesIn, 300);
    });
  }

test("a server stream's request may be compressed", async (t) => {
  const users = {
    async *streamUsers() {
      yield { user: { id: "2" } };
    },
  };
  const running = await serve(t, { users });
  const stream = open(running.session, STREAM, { "grpc-encoding": "gzip" });
  stream.end(framed(gzipSync(Buffer.alloc(0)), 1));
  assert.equal((await seen(stream)).trailers["grpc-status"], "0");
});

for (const [title, path, body, code] of [
  [
    "a unary message that does not decompress",
    GET_USER,
    framed(Buffer.from("junk"), 1),
    Code.InvalidArgument,
  ],
  ["a streamed one", CHAT, framed(Buffer.from("junk"), 1), Code.InvalidArgument],
  ["a server stream's", STREAM, framed(Buffer.from("junk"), 1), Code.InvalidArgument],
  [
    "what decompresses to no such message",
    GET_USER,
    framed(gzipSync(Buffer.from([255])), 1),
    Code.InvalidArgument,
  ],
] as const) {
  test(`${title} is the client's fault`, async (t) => {
    let calls = 0;
    const running = await serve(t, {
      users: {
        getUser: () => {
          calls++;
          return {};
        },
        async *streamUsers() {
          calls++;
          yield {};
        },
      },
      chat: {
        async *chat(requests) {
          for await (const _ of requests) calls++;
          yield {};
        },
      },
    });
    const stream = open(running.session, path, { "grpc-encoding": "gzip" });
    stream.end(body);
    const { trailers, headers } = await seen(stream);
    assert.equal(trailers["grpc-status"] ?? headers["grpc-status"], String(code));
    assert.equal(calls, 0);
  });
}

function textsIn(body: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    texts.push(fromBinary(ChatResponseSchema, body.subarray(at + 5, end)).text);
    at = end;
  }
  return texts;
}
