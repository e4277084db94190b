import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import pg from "pg";
import {
  areScalars,
  createPreparedStatements,
  type Scalar,
} from "../../../../src/runrpc/data/postgres/prepared-statement.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { skip } from "./fixture.ts";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

/** A connection, and how often it was told what a row is made of. */
async function open(t: TestContext, maxBytes = 1_000_000) {
  const client = new pg.Client({ host: server.folder, port: server.port, user: "app", database: "postgres" });
  await client.connect();
  t.after(() => client.end());
  const counts = { described: 0, stale: 0 };
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }; // The types leave it out.
  connection.on("rowDescription", () => counts.described++);
  const statements = createPreparedStatements(client, maxBytes, () => counts.stale++);
  return { client, counts, run: statements.run };
}

const values: readonly (readonly [type: string, value: Scalar, expected?: unknown])[] = [
  ["text", "漢字 and ü\n'\"\\"],
  ["text", ""],
  ["text", "half \ud800 of a pair", "half \ufffd of a pair"],
  ["text", null],
  ["bigint", Number.MAX_SAFE_INTEGER],
  ["bigint", -1],
  ["numeric", 2n ** 100n, String(2n ** 100n)],
  ["double precision", -0.1],
  ["boolean", true],
  ["boolean", false],
  ["bytea", Buffer.from([0, 255, 10])],
  ["bytea", new Uint8Array([1, 2, 3]).subarray(1, 2), Buffer.from([2])],
  ["bytea", Buffer.alloc(0)],
  ["timestamptz", "0001-01-01 00:00:00+00"],
  ["jsonb", '{"a": [1, null]}', { a: [1, null] }],
];

test("values go and come as they are, the second time without asking what a row is made of", {
  skip,
}, async (t) => {
  const { client, counts, run } = await open(t);
  await client.query("SET timezone = 'UTC'");
  const text = `SELECT ${values.map(([type], index) => `$${index + 1}::${type} AS v${index}`).join(", ")}`;
  const row = values.map(([, value, expected]) => (expected === undefined ? value : expected));
  const given = values.map(([, value]) => value);
  for (let time = 0; time < 3; time++) assert.deepStrictEqual(await run("all", text, given), { rows: [row] });
  assert.equal(counts.described, 1);
  // Another statement between two of its runs.
  assert.deepEqual(await run("none", "SELECT 1 AS one WHERE $1", [false]), { rows: [] });
  assert.deepEqual((await run("all", text, given)).rows, [row]);
});

test("runs that are asked for at once are answered in their order", { skip }, async (t) => {
  const { run } = await open(t);
  const asked = Array.from({ length: 50 }, (_, value) =>
    run(`one${value % 3}`, `SELECT $1::int + ${value % 3} AS sum`, [value]),
  );
  const sums = (await Promise.all(asked)).map(({ rows }) => rows[0]?.[0]);
  assert.deepEqual(
    sums,
    Array.from({ length: 50 }, (_, value) => value + (value % 3)),
  );
});

test("what the server refuses fails alone: in its text, in a value, in its run, and as a name that is taken", {
  skip,
}, async (t) => {
  const { counts, run } = await open(t);
  const refused: [name: string, text: string, given: Scalar[], why: RegExp][] = [
    ["text", "SELECT * FROM nowhere", [], /nowhere/],
    ["value", "SELECT $1::bigint AS v", ["many"], /bigint/],
    ["nul", "SELECT $1::text AS v", ["a\0b"], /0x00/],
    ["run", "SELECT 1 / $1::int AS v", [0], /division by zero/],
    ["few", "SELECT $1::int AS v", [], /supplies 0 parameters/],
  ];
  for (const [name, text, given, why] of refused) {
    await assert.rejects(run(name, text, given), why);
    await assert.rejects(run(name, text, given), why);
  }
  assert.deepEqual(await run("run", "SELECT 1 / $1::int AS v", [1]), { rows: [[1]] });
  assert.deepEqual(await run("value", "SELECT $1::bigint AS v", ["7"]), { rows: [[7]] });
  await assert.rejects(run("value", "SELECT 2 AS v", []), /two statements have the name value/);
  assert.deepEqual(await run("value", "SELECT $1::bigint AS v", ["8"]), { rows: [[8]] });
  assert.equal(counts.stale, 0);
});

test("a result is read up to its bound, and the connection goes on", { skip }, async (t) => {
  const { run } = await open(t, 1_000);
  const text = "SELECT x FROM generate_series(1, $1::int) AS x";
  // 32 bytes for each value, and two for each of its characters.
  assert.equal((await run("rows", text, [28])).rows.length, 28);
  await assert.rejects(run("rows", text, [29]), (error) => {
    assert.ok(error instanceof DataError && error.code === "resource_exhausted");
    assert.match(error.message, /more than 1000 bytes \(maxResultBytes\)/);
    return true;
  });
  assert.equal((await run("rows", text, [28])).rows.length, 28);
});

test("a connection that has lost what it prepared says so", { skip }, async (t) => {
  const { client, counts, run } = await open(t);
  await run("gone", "SELECT 1 AS one", []);
  await client.query("DEALLOCATE ALL");
  await assert.rejects(run("gone", "SELECT 1 AS one", []), /does not exist/);
  assert.equal(counts.stale, 1);
});

test("a run on a connection that ends is rejected, and so is one after it", { skip }, async (t) => {
  const { client, run } = await open(t);
  client.on("error", () => {});
  const asked = run("ends", "SELECT pg_terminate_backend(pg_backend_pid()) AS ended", []);
  const ended = new Promise<void>((resolve) => client.once("end", resolve));
  await assert.rejects(asked);
  await ended;
  await assert.rejects(run("one", "SELECT 1 AS one", []));
});

test("only values that travel as one text, or as bytes, are taken", () => {
  assert.ok(areScalars(["a", 1, 2n, true, null, Buffer.alloc(1)]));
  for (const value of [undefined, [1], {}, new Date(0), new Float64Array(1)])
    assert.ok(!areScalars([value]), String(value));
  assert.ok(areScalars(new Array(65_535).fill(1)));
  assert.ok(!areScalars(new Array(65_536).fill(1)));
});
