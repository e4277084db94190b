import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ListUsersRequestSchema, UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { errorOf, serve } from "./serve.ts";

const codecs = new URL("../../gen/codecs.ts", import.meta.url);

/** Sees that messages are messages, and changes what it sees. */
const changes: Interceptor = (next) => async (request) => {
  if (!request.stream && request.message.$typeName === ListUsersRequestSchema.typeName)
    Object.assign(request.message, { pageToken: "thread" });
  return await next(request);
};

async function ask(url: string, contentType: string, body: Uint8Array): Promise<Response> {
  return await fetch(`${url}/rig.users.v1.UserService/ListUsers`, {
    method: "POST",
    headers: { "content-type": contentType },
    body: Buffer.from(body),
  });
}

for (const lane of ["auto", "stock"])
  for (const withCodecs of [false, true])
    it(`messages of threads, lane ${lane}, ${withCodecs ? "generated codecs" : "protobuf-es"}`, async (t) => {
      const { server, users } = await serve(t, { lane, only: "users", ...(withCodecs ? { codecs } : {}) });

      await t.test("JSON and binary, in envelopes and without", async () => {
        assert.equal((await errorOf(users.listUsers({ pageToken: "refuses" }))).code, Code.NotFound);
        for (const useBinaryFormat of [true, false]) {
          const transport = createConnectTransport({
            baseUrl: server.url,
            httpVersion: "1.1",
            useBinaryFormat,
          });
          const client = createClient(UserService, transport);
          assert.notEqual((await client.listUsers({ pageToken: "thread" })).users[0]?.displayName, "0");
          let count = 0;
          for await (const { user } of client.streamUsers({ limit: 50 }))
            assert.equal(user?.displayName, `user ${++count}`);
          assert.equal(count, 50);
        }
      });

      await t.test("bytes that are no message are the client's fault", async () => {
        for (const bytes of [[0xff], [0x0a, 0x05, 0x61], [0x12, 0x02, 0xff, 0xff]]) {
          const answer = await ask(server.url, "application/proto", Uint8Array.from(bytes));
          assert.equal(((await answer.json()) as { code: string }).code, "invalid_argument", String(bytes));
        }
      });

      await t.test("rules are held before a thread is asked", async () => {
        const error = await errorOf(users.listUsers({ pageSize: -1 }));
        assert.equal(error.code, Code.InvalidArgument);
        assert.match(error.rawMessage, /page_size/);
        const bytes = toBinary(ListUsersRequestSchema, create(ListUsersRequestSchema, { pageSize: -1 }));
        assert.equal((await ask(server.url, "application/proto", bytes)).status, 400);
      });
    });

describe("messages of threads", () => {
  it("what an interceptor makes of one is what the thread gets", async (t) => {
    const { users } = await serve(t, { only: "users", interceptors: [changes] });
    assert.notEqual((await users.listUsers({ pageToken: "none" })).users[0]?.displayName, "nothing");
  });

  it("an answer with a field that its message does not have is refused where that is asked for", async (t) => {
    const { users } = await serve(t, { only: "users", strictAnswers: true });
    const error = await errorOf(users.listUsers({ pageToken: "misspells" }));
    assert.equal(error.code, Code.Internal);
  });
});
