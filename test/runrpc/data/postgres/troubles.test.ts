// What a server does to those on it: it is full, takes no writes, changes a table, forbids, goes away in the middle.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import { migrateDatabase } from "../../../../src/runrpc/data/maintenance.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { codeOf, tempDirectory } from "../fixture/open.ts";
import { openTestStore, skip, until } from "./fixture.ts";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

/** A folder with one migration of these statements. */
async function migrationOf(t: Parameters<typeof tempDirectory>[0], sql: string): Promise<string> {
  const folder = await tempDirectory(t);
  mkdirSync(join(folder, "20260101000000_one"));
  writeFileSync(join(folder, "20260101000000_one", "migration.sql"), sql);
  return folder;
}

test("a role without rights stops the start with a sentence", { skip }, async (t) => {
  const url = new URL(await server.createDatabase());
  await server.query("CREATE ROLE guest LOGIN PASSWORD 'guest'");
  await server.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC", [], url.href);
  [url.username, url.password] = ["guest", "guest"];
  const migrations = await migrationOf(t, 'CREATE TABLE "one" ("id" bigint)');
  await assert.rejects(
    migrateDatabase({ url: url.href, modules: async () => ({}), migrations }),
    (error: Error) => {
      assert.ok(error instanceof DataError && error.code === "failed_precondition", String(error));
      assert.match(error.message, /test_\d+_\d+ cannot be migrated: permission denied for schema public/);
      return true;
    },
  );
});

test("a connection that ends in the middle of a migration leaves nothing of it, and is told as that", {
  skip,
}, async (t) => {
  const url = await server.createDatabase();
  const sql = 'CREATE TABLE "half" ("id" bigint);\n--> statement-breakpoint\nSELECT pg_sleep(600)';
  const migrations = await migrationOf(t, sql);
  const outcome = migrateDatabase({ url, modules: async () => ({}), migrations }).catch(
    (error: DataError) => error,
  );
  const ended = `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and query like '%pg_sleep(600)%'`;
  await until("it is in it", async () => (await server.query(ended, [nameOf(url)])).rowCount === 1);
  const error = await outcome;
  assert.ok(error instanceof DataError && error.code === "unavailable", String(error));
  assert.match(error.message, /cannot take the migration 20260101000000_one/);
  const { rows } = await server.query("select to_regclass('half') as half", [], url);
  assert.deepEqual(rows, [{ half: null }]);
});

test("a server that is full is told as that, and calls go on by the connections that there are", {
  skip,
}, async (t) => {
  const { queries, url, ...store } = await openTestStore(t, server, { connections: 4 });
  const empty = await openTestStore(t, server, { connections: 1 });
  assert.equal(await queries.items.quick(1), 1);
  const others: pg.Client[] = [];
  t.after(() => Promise.all(others.map((client) => client.end())));
  for (let isFull = false; !isFull; ) {
    const client = new pg.Client({
      host: server.folder,
      port: server.port,
      user: "app",
      database: nameOf(url),
    });
    client.on("error", () => {});
    isFull = await client.connect().then(
      () => others.push(client) > 100,
      () => true,
    );
  }
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => queries.items.quick(index)));
  assert.deepEqual(
    answers,
    Array.from({ length: 20 }, (_, index) => index),
  );
  await assert.rejects(empty.queries.items.quick(1), (error) => {
    assert.ok(error instanceof DataError && error.code === "unavailable", String(error));
    assert.match(
      error.message,
      /(too many clients|remaining connection slots).*: max_connections .* database\.connections/,
    );
    return true;
  });
  await Promise.all(others.splice(0).map((client) => client.end()));
  await until("there is room", async () => (await codeOf(empty.queries.items.quick(1))) === "ok");
  assert.equal(store.stats().reads.workersReplaced, 0);
});

test("a host that does not answer, and one that refuses at each of its addresses, are told with these, in time", async (t) => {
  const deaf = createServer().listen(0, "127.0.0.1");
  t.after(() => deaf.close());
  await once(deaf, "listening");
  const { port } = deaf.address() as AddressInfo; // it listens on TCP
  const migrations = await migrationOf(t, "");
  const failureOf = (host: string, at: number) =>
    migrateDatabase({
      ...{ url: `postgres://app@${host}:${at}/app`, modules: async () => ({}), migrations },
      connectTimeoutMs: 500,
    }).then(
      () => assert.fail("there is no database"),
      (error: DataError) => `${error.code}: ${error.message}`,
    );
  assert.equal(
    await failureOf("127.0.0.1", port),
    `unavailable: cannot open the database postgres://app@127.0.0.1:${port}/app: no answer within 500 ms`,
  );
  deaf.close();
  assert.match(
    await failureOf("localhost", port),
    new RegExp(`^unavailable: cannot open the database .*: connect ECONNREFUSED .*127\\.0\\.0\\.1:${port}`),
  );
});

test("connections that are all held by slow statements are told of, with how many there are and how many calls wait", {
  skip,
}, async (t) => {
  const told = Promise.withResolvers<string>();
  const log = { info() {}, error() {}, warn: (_: object, line: string) => told.resolve(line) };
  const { queries, url } = await openTestStore(t, server, { connections: 2, log });
  const slow = [1, 2].map(() => codeOf(queries.items.sleep(600)));
  const waiting = [1, 2, 3].map((one) => queries.items.quick(one));
  assert.match(
    await told.promise,
    /^all 2 connections of this process .*\(database\.connections\) have been held for \d{4,} ms, and 3 calls wait/,
  );
  const ended =
    "select pg_cancel_backend(pid) from pg_stat_activity where datname = $1 and query like '%sleep%'";
  await server.query(ended, [nameOf(url)]);
  assert.deepEqual(await Promise.all(waiting), [1, 2, 3]);
  assert.deepEqual(await Promise.all(slow), ["resource_exhausted", "resource_exhausted"]);
});

test("a table that is changed under a server costs each connection a call, and no more", {
  skip,
}, async (t) => {
  const { queries, url } = await openTestStore(t, server, { connections: 1 });
  const { id } = await queries.items.insertItem({ name: "one" });
  assert.equal((await queries.items.getPrepared(id))?.amount, 0);
  await server.query("ALTER TABLE items ALTER COLUMN amount TYPE numeric", [], url);
  assert.equal(await codeOf(queries.items.getPrepared(id)), "internal");
  assert.equal(Number((await queries.items.getPrepared(id))?.amount), 0);
});

test("a server that has become a standby is read, writes are told as unavailable, and go on when it is promoted", {
  skip,
}, async (t) => {
  const told: string[] = [];
  const log = {
    info: (_: object, line: string) => told.push(line),
    warn: (_: object, line: string) => told.push(line),
    error: (_: object, line: string) => told.push(line),
  };
  const { queries, ping } = await openTestStore(t, server, { log });
  await queries.items.insertName("before");
  await server.crashToStandby();
  await until("it is read", async () => (await codeOf(queries.items.listNames())) === "ok");
  assert.equal(await codeOf(queries.items.insertName("lost")), "unavailable");
  assert.equal(await codeOf(ping()), "unavailable");
  await server.query("select pg_promote()");
  await until("it is written", async () => (await codeOf(queries.items.insertName("after"))) === "ok");
  assert.deepEqual(await queries.items.listNames(), ["before", "after"]);
  assert.ok(told.includes("the database cannot be written"));
  assert.equal(told.at(-1), "the database is written again");
});
