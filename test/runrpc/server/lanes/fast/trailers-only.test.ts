import assert from "node:assert/strict";
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { GetUserRequestSchema } from "../../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, serve } from "./serve.ts";

const USERS = "/rig.users.v1.UserService";
const request = framed(
  toBinary(
    GetUserRequestSchema,
    create(GetUserRequestSchema, { id: "00000000-0000-4000-8000-000000000001" }),
  ),
);

/** The frames of an answer as a client sees them: blocks of headers, and whether one ended the stream. */
async function blocksOf(
  stream: ClientHttp2Stream,
): Promise<readonly (readonly [IncomingHttpHeaders, boolean])[]> {
  const blocks: [IncomingHttpHeaders, boolean][] = [];
  const take = (headers: IncomingHttpHeaders, flags: number): void => {
    blocks.push([headers, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0]);
  };
  stream.on("response", take).on("trailers", take).resume();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("close", resolve);
  await promise;
  return blocks;
}

const users = {
  getUser(_: unknown, { requestHeader, responseHeader, responseTrailer }: HandlerContext): never {
    const way = requestHeader.get("x-way");
    if (way === "header") responseHeader.set("x-set", "1");
    if (way === "trailer") responseTrailer.set("x-ending", "1");
    if (way === "long trailer") responseTrailer.set("x-long", "x".repeat(8_000));
    throw new ConnectError("no", Code.NotFound);
  },
  async *streamUsers() {
    yield { user: { id: "1" } };
    throw new ConnectError("no", Code.NotFound);
  },
};

for (const http2 of ["node", "own"])
  for (const [title, method, way, body, blocks, status] of [
    ["of a handler", "GetUser", "", request, 1, Code.NotFound],
    ["with trailers of its handler", "GetUser", "trailer", request, 1, Code.NotFound],
    ["of a message above the limit", "GetUser", "", framed(Buffer.alloc(2_000)), 1, Code.ResourceExhausted],
    ["of a message that is none", "GetUser", "", framed(Buffer.of(255)), 1, Code.InvalidArgument],
    ["of a method that nobody serves", "Nothing", "", request, 1, Code.Unimplemented],
    ["beside headers of its handler", "GetUser", "header", request, 2, Code.NotFound],
    ["with more than fits beside its headers", "GetUser", "long trailer", request, 2, Code.NotFound],
    ["after a message", "StreamUsers", "", framed(Buffer.alloc(0)), 2, Code.NotFound],
  ] as const) {
    test(`an error ${title} is ${blocks === 1 ? "one block" : "two blocks"} of headers, HTTP/2 by ${http2}`, async (t) => {
      const { session } = await serve(
        t,
        { users },
        { server: { http2 }, limits: { maxRequestBytes: 1_000 } },
      );
      const stream = open(session, `${USERS}/${method}`, { "x-way": way });
      stream.end(body);
      const seen = await blocksOf(stream);
      assert.equal(seen.length, blocks);
      const [last, isEnd] = seen.at(-1) ?? [];
      assert.equal(last?.["grpc-status"], String(status));
      assert.ok(isEnd);
      assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
      assert.ok(seen[0]?.[0]["x-request-id"]);
      assert.equal(last?.["x-ending"], way === "trailer" ? "1" : undefined);
      assert.equal(last?.["x-long"]?.length, way === "long trailer" ? 8_000 : undefined);
      assert.equal(seen[0]?.[0]["x-set"], way === "header" ? "1" : undefined);
    });
  }

for (const http2 of ["node", "own"])
  test(`a refusal is told to an upload that goes on, HTTP/2 by ${http2}`, async (t) => {
    const { session } = await serve(t, { users }, { server: { http2 }, limits: { maxRequestBytes: 1_000 } });
    const stream = open(session, `${USERS}/GetUser`, { "content-length": "5000" });
    stream.write(framed(Buffer.alloc(0), 0, 4_995));
    const seen = await blocksOf(stream);
    assert.deepEqual(
      seen.map(([headers, isEnd]) => [headers["grpc-status"], isEnd]),
      [[String(Code.ResourceExhausted), true]],
    );
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
  });
