import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandlerContext } from "@connectrpc/connect";
import { open, seen, serve } from "./fast/serve.ts";

// Headers and trailers that a handler sets and HTTP does not take: they cost a call its answer at most, never the server.

const UNARY = "/rig.users.v1.UserService/ListUsers";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const EMPTY = Buffer.alloc(5);

for (const lane of ["stock", "auto"]) {
  const start = (t: Parameters<typeof serve>[0], set: (context: HandlerContext) => void) =>
    serve(
      t,
      {
        users: {
          listUsers(_request, context) {
            set(context);
            return {};
          },
          async *streamUsers(_request, context) {
            set(context);
            yield {};
          },
        },
      },
      { server: { host: "127.0.0.1", port: 0, lane } },
    );

  for (const name of ["connection", "keep-alive", "transfer-encoding"]) {
    test(`lane ${lane}: ${name}, which belongs to the connection, is left out`, async (t) => {
      const { session, nextRecord, baseUrl } = await start(t, ({ responseHeader, responseTrailer }) => {
        responseHeader.set(name, "close");
        responseTrailer.set(name, "close");
        responseTrailer.set("x-kept", "yes");
      });
      for (const path of [UNARY, STREAM]) {
        const stream = open(session, path);
        const answer = seen(stream);
        stream.end(EMPTY);
        const { headers, trailers, rstCode } = await answer;
        assert.deepEqual([trailers["grpc-status"], trailers["x-kept"], rstCode], ["0", "yes", 0]);
        assert.deepEqual([headers[name], trailers[name]], [undefined, undefined]);
        assert.equal((await nextRecord()).code, "ok");
      }
      const response = await fetch(baseUrl + UNARY, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      assert.deepEqual([response.status, await response.json()], [200, {}]);
      assert.notEqual(response.headers.get(name), "close");
    });
  }

  test(`lane ${lane}: of a header that Node refuses the client is told by an error without it`, async (t) => {
    const { baseUrl, nextRecord } = await start(t, ({ responseHeader }) =>
      responseHeader.set("x-odd", "a\u0001b"),
    );
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    const response = await fetch(baseUrl + UNARY, init);
    const { code, message } = (await response.json()) as Record<string, string>;
    assert.deepEqual([response.status, code], [500, "internal"]);
    assert.match(message ?? "", /^internal error, request id /);
    assert.equal((await nextRecord()).code, "internal");
  });
}

test("lane auto: the length of a gRPC-Web answer over HTTP/1.1 is its own, whatever the handler says", async (t) => {
  const { baseUrl } = await serve(t, {
    users: {
      listUsers(_request, { responseHeader }) {
        responseHeader.set("content-length", "3");
        return {};
      },
    },
  });
  const headers = { "content-type": "application/grpc-web" };
  const response = await fetch(baseUrl + UNARY, { method: "POST", headers, body: EMPTY });
  const body = Buffer.from(await response.arrayBuffer());
  assert.equal(response.headers.get("content-length"), String(body.length));
  assert.match(body.toString("latin1"), /grpc-status: 0/);
});
