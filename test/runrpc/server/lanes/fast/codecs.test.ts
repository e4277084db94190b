import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MessageCodec } from "../../../../../src/runrpc/codec/message-codec.ts";
import { silentLog } from "../../../../../src/runrpc/server/log.ts";
import { codecs } from "../../../../gen/codecs.ts";
import {
  ListUsersRequestSchema,
  ListUsersResponseSchema,
  StreamUsersResponseSchema,
} from "../../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, seen, serve } from "./serve.ts";

const LIST = "/rig.users.v1.UserService/ListUsers";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const REQUEST = framed(toBinary(ListUsersRequestSchema, create(ListUsersRequestSchema, { pageSize: 3 })));

/** The codecs, which count how often they are asked. */
function counted(): {
  readonly codecs: readonly MessageCodec[];
  readonly uses: { reads: number; writes: number };
} {
  const uses = { reads: 0, writes: 0 };
  return {
    uses,
    codecs: codecs.map(({ read, write, ...codec }) => ({
      ...codec,
      read(...args) {
        uses.reads++;
        return read(...args);
      },
      write(...args) {
        uses.writes++;
        return write(...args);
      },
    })),
  };
}

for (const [codec, uses] of [
  ["own", { reads: 1, writes: 1 }],
  ["protobuf-es", { reads: 0, writes: 0 }],
] as const) {
  test(`server.codec: ${codec} has ${uses.reads === 1 ? "the generated codecs" : "protobuf-es"} read and write`, async (t) => {
    const watched = counted();
    const running = await serve(
      t,
      { users: { listUsers: ({ pageSize }) => ({ nextPageToken: String(pageSize), users: [{ id: "a" }] }) } },
      { codecs: watched.codecs, server: { codec } },
    );
    const stream = open(running.session, LIST);
    const answer = seen(stream);
    stream.end(REQUEST);
    const { body, trailers } = await answer;
    assert.equal(trailers["grpc-status"], "0");
    assert.deepStrictEqual(
      fromBinary(ListUsersResponseSchema, Uint8Array.from(body.subarray(5))),
      create(ListUsersResponseSchema, { nextPageToken: "3", users: [{ id: "a" }] }),
    );
    assert.deepEqual(watched.uses, uses);
  });
}

test("a stream writes initialisers and messages, each as it is", async (t) => {
  const running = await serve(t, {
    users: {
      async *streamUsers() {
        yield { user: { id: "initialiser" } };
        yield create(StreamUsersResponseSchema, { user: { id: "message" } });
      },
    },
  });
  const stream = open(running.session, STREAM);
  const answer = seen(stream);
  stream.end(framed(new Uint8Array()));
  const { body } = await answer;
  assert.deepEqual(
    body,
    Buffer.concat(
      ["initialiser", "message"].map((id) =>
        framed(toBinary(StreamUsersResponseSchema, create(StreamUsersResponseSchema, { user: { id } }))),
      ),
    ),
  );
});

/** What handlers got wrong. */
const WRONG: readonly (readonly [title: string, value: unknown])[] = [
  ["text where a number belongs", { users: [{ createTime: { nanos: "many" } }] }],
  ["a value that no int64 has", { users: [{ createTime: { seconds: 2n ** 70n } }] }],
  [
    "an initialiser that throws when it is read",
    {
      get nextPageToken() {
        throw new Error("the password is swordfish");
      },
    },
  ],
  ["nothing", undefined],
  ["a field that the message does not have", { nextPageTokn: "x" }],
];
for (const [title, value] of WRONG) {
  test(`${title} is a fault of the handler`, async (t) => {
    const reasons: string[] = [];
    const running = await serve(
      t,
      { users: { listUsers: () => value as object } },
      { log: { ...silentLog, error: (fields) => reasons.push(String((fields as { err?: unknown }).err)) } },
    );
    const stream = open(running.session, LIST);
    const answer = seen(stream);
    stream.end(REQUEST);
    const { trailers } = await answer;
    const text = decodeURIComponent(String(trailers["grpc-message"]));
    assert.equal(trailers["grpc-status"], "13");
    assert.match(text, /^internal error, request id [0-9a-f]{24}$/);
    assert.equal(reasons.length, 1);
  });
}

test("a start with a codec of another version of its message fails, and names the message", async (t) => {
  const stale = codecs.map((codec) =>
    codec.typeName === "rig.users.v1.User" ? { ...codec, shape: "another" } : codec,
  );
  await assert.rejects(serve(t, {}, { codecs: stale }), {
    message:
      "the generated codec of rig.users.v1.User was written for another version of it: run buf generate",
  });
});

test("fields that the schema does not know come to the handler, and not to those who drop them", async (t) => {
  const unknown = Buffer.from([0xf8, 0x7f, 5]);
  let found: unknown;
  const running = await serve(t, {
    users: {
      listUsers: (request) => {
        found = request.$unknown;
        return {};
      },
    },
  });
  const stream = open(running.session, LIST);
  const answer = seen(stream);
  stream.end(framed(unknown));
  assert.equal((await answer).trailers["grpc-status"], "0");
  assert.deepEqual(found, [{ no: 2_047, wireType: 0, data: Uint8Array.of(5) }]);
  const health = open(running.session, "/grpc.health.v1.Health/Check");
  const status = seen(health);
  health.end(framed(unknown));
  assert.equal((await status).trailers["grpc-status"], "0");
});
