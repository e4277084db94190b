import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { ListUsersRequestSchema, ListUsersResponseSchema } from "../../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, type Seen, seen, serve } from "./serve.ts";

const PATH = "/rig.users.v1.UserService/ListUsers";
const REQUEST = toBinary(ListUsersRequestSchema, create(ListUsersRequestSchema, { pageSize: 3 }));

/** Sends a body to ListUsers and gives what came back, and what was written of the call. */
async function send(
  t: TestContext,
  ...chunks: readonly Uint8Array[]
): Promise<{ seen: Seen; handled: number }> {
  let handled = 0;
  const running = await serve(t, {
    users: {
      listUsers: ({ pageSize }) => {
        handled++;
        return { nextPageToken: String(pageSize) };
      },
    },
  });
  const stream = open(running.session, PATH);
  const answer = seen(stream);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return { seen: await answer, handled };
}

test("a request and its answer are one message each", async (t) => {
  const { seen: answer } = await send(t, framed(REQUEST));
  assert.equal(answer.trailers["grpc-status"], "0");
  assert.equal(fromBinary(ListUsersResponseSchema, answer.body.subarray(5)).nextPageToken, "3");
  assert.match(String(answer.headers["x-request-id"]), /^[\da-f]{24}$/);
});

const BROKEN: readonly (readonly [string, string, ...Uint8Array[]])[] = [
  ["no message", "12"],
  ["two messages", "12", framed(REQUEST), framed(REQUEST)],
  ["an envelope that is cut off", "3", framed(REQUEST, 0, REQUEST.length + 1)],
  ["a header that is cut off", "3", Uint8Array.of(0, 0, 0)],
  ["a message that is no protobuf", "3", framed(Uint8Array.of(0xff, 0xff))],
  ["a compressed message", "13", framed(REQUEST, 1)],
  ["a message above the limit", "8", framed(REQUEST, 0, 5_000_000)],
];
for (const [title, status, ...chunks] of BROKEN) {
  test(`${title} is refused with status ${status}, and no handler runs`, async (t) => {
    const { seen: answer, handled } = await send(t, ...chunks);
    assert.deepEqual([answer.trailers["grpc-status"], handled], [status, 0]);
  });
}

test("an upload above the limit is stopped after its answer", async (t) => {
  const running = await serve(t, {});
  const stream = open(running.session, PATH);
  const answer = seen(stream);
  stream.write(framed(REQUEST, 0, 5_000_000)); // and no end
  const { trailers, rstCode } = await answer;
  assert.deepEqual([trailers["grpc-status"], rstCode], ["8", 0]);
  const record = await running.nextRecord();
  assert.deepEqual([record.code, record.messagesIn], ["resource_exhausted", 0]);
});

test("headers, trailers, signal and values are there when a handler reads them", async (t) => {
  const read: unknown[] = [];
  const running = await serve(t, {
    users: {
      listUsers(_request, context: HandlerContext) {
        read.push(context.requestHeader.get("x-in"), context.signal.aborted, context.protocolName);
        read.push(context.timeoutMs() === undefined, new URL(context.url).pathname, context.method.name);
        context.responseHeader.set("x-out", "1");
        context.responseTrailer.set("x-trailer", "2");
        return {};
      },
    },
  });
  const stream = open(running.session, PATH, { "x-in": "0" });
  const answer = seen(stream);
  stream.end(framed(REQUEST));
  const { headers, trailers } = await answer;
  assert.deepEqual(read, ["0", false, "grpc", false, PATH, "ListUsers"]);
  assert.deepEqual([headers["x-out"], trailers["x-trailer"], trailers["grpc-status"]], ["1", "2", "0"]);
});

test("the signal of a call that went well is not aborted after it", async (t) => {
  let signal: AbortSignal | undefined;
  const running = await serve(t, {
    users: {
      listUsers(_request, context) {
        signal = context.signal;
        return Promise.resolve({});
      },
    },
  });
  const stream = open(running.session, PATH);
  stream.end(framed(REQUEST));
  stream.resume();
  const record = await running.nextRecord();
  assert.deepEqual([record.code, record.messagesIn, record.messagesOut, record.bytesIn], ["ok", 1, 1, 7]);
  assert.equal(signal?.aborted, false);
});

test("a client that resets its call aborts the signal, and the record says so", async (t) => {
  const entered = Promise.withResolvers<AbortSignal>();
  const running = await serve(t, {
    users: {
      listUsers: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          entered.resolve(signal);
        }),
    },
  });
  const stream = open(running.session, PATH);
  stream.end(framed(REQUEST));
  const signal = await entered.promise;
  stream.close(8);
  const record = await running.nextRecord();
  assert.deepEqual([record.code, record.cancelledBy, signal.aborted], ["canceled", "client", true]);
});
