// Run by test/package/from-nothing.test.ts in a copy of this folder, on the packed package.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { createKey } from "runrpc";
import { connect } from "runrpc/client";
import { UserService } from "../gen/users/v1/users_pb.ts";
import { start } from "../src/start.ts";

test("a service, a database, an interceptor and keys that are the project's own", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "second-project-"));
  t.after(() => rm(folder, { recursive: true }));
  const { key, keyId } = createKey();
  {
    await using server = await start(join(folder, "people.sqlite"), key);
    using client = connect(server.url, UserService, { key, retry: false });
    let header: string | null = null;
    const onHeader = (headers: Headers) => {
      header = headers.get("x-second-project");
    };
    assert.equal((await client.greet({ name: "Ada" }, { onHeader })).text, "Hello Ada");
    assert.equal((await client.greet({ name: "Ada" })).times, 2);
    assert.deepEqual([header, await server.count()], ["Greet", 1]);
    await assert.rejects(client.greet({ name: "" }), (error) => codeOf(error) === Code.InvalidArgument);
    using stranger = connect(server.url, UserService, { key: createKey().key, retry: false });
    await assert.rejects(stranger.greet({ name: "Eve" }), (error) => codeOf(error) === Code.Unauthenticated);
    t.after(() => assert.ok(server.uses.includes(keyId), "the drain counts what was used"));
  }
});

function codeOf(error: unknown): Code {
  return ConnectError.from(error).code;
}
