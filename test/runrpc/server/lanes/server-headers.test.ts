import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { exchange, outcomeOf, transportOf } from "../../../wire/matrix/calls.ts";
import { methods } from "../../../wire/matrix/cells.ts";
import { validRequest } from "../../../wire/matrix/requests.ts";
import { serve } from "./fast/serve.ts";
import { protocols, tell } from "./told.ts";

// What says how an answer is framed, encoded and ended is the server's: client and record hear the same of each call.

const EMPTY = new Uint8Array();

const owned = {
  "content-length": "3",
  "content-type": "text/plain",
  "content-encoding": "gzip",
  "connect-content-encoding": "gzip",
  "grpc-encoding": "gzip",
  "grpc-message": "oops",
  "grpc-status": "5",
  "grpc-status-details-bin": "CAU",
  te: "trailers",
  trailer: "x-other",
  "transfer-encoding": "chunked",
} as const;

const clients = [
  { protocol: "grpc", httpVersion: "2" },
  { protocol: "grpc-web", httpVersion: "2" },
  { protocol: "grpc-web", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "connect", httpVersion: "1.1" },
] as const;

function setAll({ responseHeader, responseTrailer }: HandlerContext, how: "set" | "append"): void {
  for (const [name, value] of Object.entries(owned)) {
    responseHeader[how](name, value);
    responseTrailer[how](name, value);
  }
  responseHeader.set("x-kept", "yes");
}

function deleteAll({ responseHeader, responseTrailer }: HandlerContext): void {
  for (const name of Object.keys(owned)) {
    responseHeader.delete(name);
    responseTrailer.delete(name);
  }
}

for (const lane of ["stock", "auto"] as const) {
  for (const [how, deed] of [
    ["sets", (context: HandlerContext) => setAll(context, "set")],
    ["appends", (context: HandlerContext) => setAll(context, "append")],
    ["deletes", deleteAll],
  ] as const) {
    for (const fails of [false, true]) {
      test(`lane ${lane}: a handler that ${how} what is the server's ${fails ? "fails" : "answers"} like any other`, async (t) => {
        const end = (context: HandlerContext) => {
          deed(context);
          if (fails) throw new ConnectError("not now", Code.Aborted, owned);
          return {};
        };
        const { baseUrl, nextRecord } = await serve(
          t,
          {
            users: {
              getUser: (_request, context) => end(context),
              async *streamUsers(_request, context) {
                deed(context);
                yield {};
                yield end(context);
              },
            },
            logs: {
              async uploadLogs(requests, context) {
                for await (const _request of requests);
                return end(context);
              },
            },
            chat: {
              async *chat(requests, context) {
                for await (const _request of requests) yield end(context);
              },
            },
          },
          { server: { host: "127.0.0.1", port: 0, lane } },
        );
        for (const client of clients) {
          for (const kind of ["unary", "server_streaming", "client_streaming", "bidi_streaming"] as const) {
            if (kind === "bidi_streaming" && client.httpVersion === "1.1") continue;
            const method = methods[kind];
            const responses = exchange(transportOf(client, baseUrl), method, [validRequest[kind]], {
              headers: {},
            });
            const { messages, error } = await outcomeOf(responses);
            const { code, error: recorded, messagesOut } = await nextRecord();
            const what = `${client.protocol} over ${client.httpVersion}, ${kind}: ${error?.message}`;
            assert.equal(error?.code, fails ? Code.Aborted : undefined, what);
            assert.deepEqual(
              [code, recorded, messagesOut],
              fails ? ["aborted", "not now", messages.length] : ["ok", "", messages.length],
              what,
            );
            assert.equal(error?.rawMessage, fails ? "not now" : undefined, what);
          }
        }
      });
    }
  }

  test(`lane ${lane}: the id of another request, as of an answer that is passed on, is not told`, async (t) => {
    const { session, nextRecord } = await serve(
      t,
      {
        users: {
          getUser(_request, { responseHeader, responseTrailer }) {
            for (const headers of [responseHeader, responseTrailer]) headers.set("x-request-id", "another");
            return {};
          },
          async *streamUsers(_request, { responseHeader }) {
            responseHeader.set("x-request-id", "another");
            yield {};
            throw new ConnectError("passed on", Code.Aborted, { "x-request-id": "another", "x-kept": "yes" });
          },
          listUsers() {
            throw new ConnectError("passed on", Code.Aborted, { "x-request-id": "another", "x-kept": "yes" });
          },
        },
      },
      { server: { host: "127.0.0.1", port: 0, lane } },
    );
    for (const protocol of protocols) {
      for (const [name, isUnary] of [
        ["GetUser", true],
        ["ListUsers", true],
        ["StreamUsers", false],
      ] as const) {
        const { seen: answer, error } = await tell(
          session,
          protocol,
          `/rig.users.v1.UserService/${name}`,
          isUnary,
          [EMPTY],
        );
        const { requestId } = await nextRecord();
        assert.equal(answer.headers["x-request-id"], requestId, `${protocol} ${name}`);
        const all = JSON.stringify([answer.headers, answer.trailers, answer.body.toString("latin1")]);
        assert.ok(!all.includes("another"), `${protocol} ${name}: ${all}`);
        if (name !== "GetUser")
          assert.equal(error?.metadata.get("x-kept") ?? answer.headers["x-kept"], "yes");
      }
    }
  });

  test(`lane ${lane}: a control character in a handler's header or trailer is internal, in every protocol`, async (t) => {
    for (const where of ["responseHeader", "responseTrailer"] as const) {
      const { baseUrl, nextRecord } = await serve(
        t,
        {
          users: {
            getUser(_request, context) {
              context[where].set("x-odd", "a\u0001b");
              return {};
            },
            async *streamUsers(_request, context) {
              context[where].set("x-odd", "a\u0001b");
              yield {};
            },
          },
        },
        { server: { host: "127.0.0.1", port: 0, lane } },
      );
      for (const client of clients) {
        for (const kind of ["unary", "server_streaming"] as const) {
          const responses = exchange(transportOf(client, baseUrl), methods[kind], [validRequest[kind]], {
            headers: {},
          });
          const { error } = await outcomeOf(responses);
          const what = `${where}, ${client.protocol} over ${client.httpVersion}, ${kind}`;
          assert.equal(error?.code, Code.Internal, what);
          assert.equal((await nextRecord()).code, "internal", what);
        }
      }
    }
  });
}
