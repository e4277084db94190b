import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { openTestStore, skip } from "./fixture.ts";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

test("U+0000, which Postgres keeps in no text, is refused with its place, and nothing is written", {
  skip,
}, async (t) => {
  const { queries } = await openTestStore(t, server);
  const { items } = queries;
  const told = async (call: Promise<unknown>): Promise<string> => {
    const error = await call.then(
      () => assert.fail("it is stored"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof DataError);
    // What has a code of the database is not for clients.
    assert.deepEqual([error.code, error.databaseCode], ["invalid_argument", undefined]);
    return error.message;
  };
  const group = (meta: unknown, names: string[]) => ({
    shared: [meta],
    own: names.flatMap((name) => [name, 1]),
  });
  assert.deepEqual(
    [
      await told(items.insertName("a\0b")),
      await told(items.findByName("\0")),
      await told(items.insertItem({ name: "a", raw: Buffer.of(0), meta: { tags: ["x", "\0"] } })),
      await told(items.insertItem({ name: "a", meta: { tags: [], deep: { "a\0": 1 } } })),
      await told(items.insertGroup(group(null, ["a", "b\0", "c"]))),
      await told(items.insertGroup(group({ tags: ["\0"] }, ["a"]))),
    ],
    [
      "the text holds U+0000, which cannot be stored",
      "the text holds U+0000, which cannot be stored",
      "meta.tags[1] holds U+0000, which cannot be stored",
      "meta.deep holds U+0000, which cannot be stored",
      "name holds U+0000, which cannot be stored",
      "meta.tags[0] holds U+0000, which cannot be stored",
    ],
  );
  assert.deepEqual(await items.listNames(), []);
  await items.insertItem({ name: "bytes", raw: Buffer.of(0, 1) });
  await items.insertGroup(group({ tags: ["é"] }, ["b", "c"]));
  assert.deepEqual(await items.listNames(), ["bytes", "b", "c"]);
});
