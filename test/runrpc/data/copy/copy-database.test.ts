// A copy from an SQLite file to Postgres: what arrives, what is refused, and that nothing is left of what failed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Client from "better-sqlite3";
import type { CopyProgress } from "../../../../src/runrpc/data/maintenance.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, password, startPostgres, whyNoPostgres } from "../../../postgres.ts";
import { openPair, type Pair } from "./fixture.ts";

const skip = whyNoPostgres() ?? false;

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

const insertAll = `INSERT INTO "all" (id, at, at_second, flag, json, bytes, big, number, real, "Text") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Milliseconds since 1970 in the year 1, at the last moment of a Date, and in 4713 BC, where Postgres begins. */
const year1 = -62_135_596_799_999n;
const lastMs = 8_640_000_000_000_000n;
const year4713 = BigInt(Date.UTC(-4712, 0, 1));

const values: readonly (readonly unknown[])[] = [
  ["nothing", null, null, null, null, null, null, null, null, null],
  ["zero", 0n, 0n, 0n, "null", Buffer.alloc(0), Buffer.from("0"), 0n, 0, ""],
  [
    "first",
    year1,
    -62_135_596_799n,
    1n,
    '{"b": [1, null, "ü\\n"], "a": 1e2}',
    Buffer.from([0, 255, 92]),
    Buffer.from("-9007199254740993"),
    -9_007_199_254_740_993n,
    Number.MIN_VALUE,
    "NULL",
  ],
  [
    "last",
    lastMs,
    8_640_000_000_000n,
    1n,
    "[]",
    Buffer.from("\\x00"),
    Buffer.from("123456789012345678901234567890"),
    9_223_372_036_854_775_807n,
    Number.POSITIVE_INFINITY,
    '{"quoted",\\back}\r\n🎉\uFFFD',
  ],
  ["early", year4713, 0n, 0n, '"x"', null, null, -9_223_372_036_854_775_808n, Number.NEGATIVE_INFINITY, " "],
  ["small", 1n, 1n, 0n, "0.1", null, null, 1n, -0.1, "a"],
];

function fill({ client }: Pair): void {
  for (const row of values) client.prepare(insertAll).run(...row);
  // Each refers to one that comes later; and a number was given to a row that is gone.
  client.pragma("foreign_keys = OFF");
  client.exec("INSERT INTO nodes (id, parent) VALUES (1, 3), (2, 1), (3, NULL), (40, NULL)");
  client.exec("DELETE FROM nodes WHERE id = 40");
  client.exec("INSERT INTO hosts VALUES (7, 9)");
  client.exec("INSERT INTO guests VALUES (9, 7)");
  client.exec("INSERT INTO aa_marks VALUES (1, 'twice'), (1, 'twice'), (3, NULL)");
}

async function rejection(copy: Promise<unknown>): Promise<DataError> {
  try {
    await copy;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  return assert.fail("it was copied");
}

async function countRows(pair: Pair): Promise<unknown> {
  return pair.rows(
    `SELECT (SELECT count(*) FROM "all")::int + (SELECT count(*) FROM nodes)::int + (SELECT count(*) FROM hosts)::int
       + (SELECT count(*) FROM guests)::int + (SELECT count(*) FROM aa_marks)::int AS rows`,
  );
}

test("every row of every table arrives as it was, whatever refers to what", { skip }, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  const before = await pair.migrateServer().then(() => constraintsOf(pair));
  const { from, to, tables } = await pair.copy();
  assert.deepEqual([from, to.includes(password)], [pair.file, false]);
  assert.deepEqual(
    tables.map(({ name, rows }) => [name, rows]),
    [
      ["aa_marks", 3],
      ["all", 6],
      ["guests", 1],
      ["hosts", 1],
      ["nodes", 3],
    ],
  );
  assert.equal(new Set(tables.map(({ checksum }) => checksum)).size, 5);
  const texts = await pair.rows(
    `SELECT id, at::text, at_second::text, flag, json::text, encode(bytes, 'hex') AS bytes, big::text, number::text, real::text, "Text"
     FROM "all" ORDER BY id`,
  );
  assert.deepEqual(texts, [
    {
      id: "early",
      at: "4713-01-01 00:00:00+00 BC",
      at_second: "1970-01-01 00:00:00+00",
      flag: false,
      json: '"x"',
      bytes: null,
      big: null,
      number: "-9223372036854775808",
      real: "-Infinity",
      Text: " ",
    },
    {
      id: "first",
      at: "0001-01-01 00:00:00.001+00",
      at_second: "0001-01-01 00:00:01+00",
      flag: true,
      json: '{"a": 100, "b": [1, null, "ü\\n"]}',
      bytes: "00ff5c",
      big: "-9007199254740993",
      number: "-9007199254740993",
      real: "5e-324",
      Text: "NULL",
    },
    {
      id: "last",
      at: "275760-09-13 00:00:00+00",
      at_second: "275760-09-13 00:00:00+00",
      flag: true,
      json: "[]",
      bytes: "5c783030",
      big: "123456789012345678901234567890",
      number: "9223372036854775807",
      real: "Infinity",
      Text: '{"quoted",\\back}\r\n🎉\uFFFD',
    },
    {
      id: "nothing",
      at: null,
      at_second: null,
      flag: null,
      json: null,
      bytes: null,
      big: null,
      number: null,
      real: null,
      Text: null,
    },
    {
      id: "small",
      at: "1970-01-01 00:00:00.001+00",
      at_second: "1970-01-01 00:00:01+00",
      flag: false,
      json: "0.1",
      bytes: null,
      big: null,
      number: "1",
      real: "-0.1",
      Text: "a",
    },
    {
      id: "zero",
      at: "1970-01-01 00:00:00+00",
      at_second: "1970-01-01 00:00:00+00",
      flag: false,
      json: "null",
      bytes: "",
      big: "0",
      number: "0",
      real: "0",
      Text: "",
    },
  ]);
  assert.deepEqual(await pair.rows("SELECT id::int, parent::int FROM nodes ORDER BY id"), [
    { id: 1, parent: 3 },
    { id: 2, parent: 1 },
    { id: 3, parent: null },
  ]);
  assert.deepEqual(await constraintsOf(pair), before, "the constraints are as the migrations made them");
  const numbers = await pair.rows(
    "WITH a AS (INSERT INTO nodes DEFAULT VALUES RETURNING id), b AS (INSERT INTO hosts DEFAULT VALUES RETURNING id) SELECT a.id::int AS node, b.id::int AS host FROM a, b",
  );
  assert.deepEqual(
    numbers,
    [{ node: 41, host: 8 }],
    "no number is given twice, also none of a row that is gone",
  );
});

function constraintsOf(pair: Pair) {
  return pair.rows(
    "SELECT conname, condeferrable, condeferred FROM pg_constraint WHERE contype = 'f' ORDER BY conname",
  );
}

test("what Postgres cannot store is named by column and row, before a row is written", {
  skip,
}, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  const { client } = pair;
  const set = (column: string, value: unknown, key: string) => {
    client.prepare(`INSERT INTO "all" (id) VALUES (?)`).run(key);
    client.prepare(`UPDATE "all" SET "${column}" = ? WHERE id = ?`).run(value, key);
  };
  set("Text", "a\0b", "nul");
  set("json", '{"\\u0000": 1}', "nul in json");
  set("json", '["\\ud800"]', "half");
  set("json", "{no json", "no json");
  set("flag", 2n, "two");
  set("number", 1.5, "fraction");
  set("at", lastMs + 1n, "late");
  set("at", year4713 - 1n, "soon");
  set("bytes", "text", "text");
  const first = await rejection(pair.copy());
  assert.deepEqual(first.code, "invalid_argument");
  const lines = first.message.split("\n  ");
  assert.deepEqual(
    lines.map((line) => line.replace(/, and .*|: .*/, "")),
    [
      "9 values cannot be copied as they are",
      'all.Text where id = "nul" has U+0000 in its text',
      'all.json where id = "nul in json" has U+0000 in its JSON',
      'all.json where id = "half" has half of a surrogate pair in its JSON',
      'all.json where id = "no json" is no JSON',
      'all.flag where id = "two" is 2',
      'all.number where id = "fraction" is the number 1.5',
      `all.at where id = "late" is the time ${lastMs + 1n}`,
      `all.at where id = "soon" is the time ${year4713 - 1n}`,
      'all.bytes where id = "text" is text',
    ],
  );
  client.exec(
    `UPDATE "all" SET json = NULL, flag = NULL, number = NULL, at = NULL, bytes = NULL WHERE id NOT IN ('first')`,
  );
  client.exec(`UPDATE "all" SET "Text" = CAST(x'61f09f98' AS TEXT) WHERE id = 'nul'`);
  client.exec(`UPDATE "all" SET big = CAST('1.5' AS BLOB) WHERE id = 'two'`);
  for (let index = 0; index < 20; index++) set("flag", 3n, `more ${index}`);
  const second = await rejection(pair.copy());
  assert.match(second.message, /all\.Text where id = "nul" has bytes that are no UTF-8 in its text\n/);
  assert.match(second.message, /all\.big where id = "two" is no bigint.*\n/);
  assert.match(second.message, /\n {2}and 12 more$/);
  assert.deepEqual(await countRows(pair), [{ rows: 0 }]);
});

test("JSON that is not copied is told for what it is, with its row, in a line of a bounded length", {
  skip,
}, async (t) => {
  const pair = await openPair(t, server);
  const nested = (levels: number) => `${"[".repeat(levels)}"\\n"${"]".repeat(levels)}`;
  const name = "n".repeat(1_000);
  const insert = pair.client.prepare('INSERT INTO "all" (id, json) VALUES (?, ?)');
  insert.run("deep", nested(501));
  insert.run("twice", `{"${name}": 1, "${name}": 2}`);
  insert.run("great", '{"a": [1e400]}');
  insert.run("steers", "\u001b[2J");
  const { message } = await rejection(pair.copy());
  const [head, ...lines] = message.split("\n  ");
  assert.equal(head, "4 values cannot be copied as they are, and nothing was written:");
  assert.deepEqual(lines.slice(0, 3), [
    'all.json where id = "deep" has JSON that is not copied: it is deeper than the maximum of 500 objects and arrays within each other',
    `all.json where id = "twice" has JSON that is not copied: duplicate object key "${"n".repeat(178)}…`,
    'all.json where id = "great" has a number in its JSON that no double holds',
  ]);
  assert.match(lines[3] ?? "", /^all\.json where id = "steers" is no JSON: .*\\u001b/);
  pair.client.exec(`DELETE FROM "all" WHERE id <> 'deep'`);
  pair.client.prepare('UPDATE "all" SET json = ?').run(nested(500));
  assert.equal((await pair.copy()).tables.find(({ name }) => name === "all")?.rows, 1);
});

test("a database with rows is refused, with its tables and their counts, and left as it is", {
  skip,
}, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  await pair.migrateServer();
  await pair.rows("INSERT INTO nodes SELECT FROM generate_series(1, 3)");
  await pair.rows("INSERT INTO hosts DEFAULT VALUES");
  const { code, message } = await rejection(pair.copy());
  assert.equal(code, "failed_precondition");
  assert.match(message, /postgres:\/\/app@.* has rows already \(hosts 1, nodes 3\)/);
  assert.ok(!message.includes(encodeURIComponent(password)));
  assert.deepEqual(await countRows(pair), [{ rows: 4 }]);
});

test("of two copies into one database, one is refused", { skip }, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  const outcomes = await Promise.allSettled([pair.copy(), pair.copy()]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.deepEqual(await countRows(pair), [{ rows: 14 }]);
});

test("a file with other migrations than the code's is refused, and the command named", {
  skip,
}, async (t) => {
  const pair = await openPair(t, server);
  pair.addMigration("20260201000000_later", "CREATE TABLE later (id integer)");
  const behind = await rejection(pair.copy());
  assert.match(
    behind.message,
    /lacks the migration 20260201000000_later: run `runrpc migrate --database .*db\.sqlite`/,
  );
  await pair.migrateFile();
  // What one of them alone has.
  assert.match((await rejection(pair.copy())).message, /has no table later/);
  pair.addMigration("20260201000000_later", "CREATE TABLE later (id integer, more integer)");
  assert.match(
    (await rejection(pair.copy())).message,
    /with another text of the migration 20260201000000_later/,
  );
  pair.client.exec("INSERT INTO migrations VALUES ('20990101000000_newer', '', '')");
  assert.match(
    (await rejection(pair.copy())).message,
    /has the migration 20990101000000_newer, .*: update the code/,
  );
  assert.deepEqual(await pair.rows("SELECT to_regclass('nodes') IS NOT NULL AS made"), [{ made: true }]);
});

test("rows that refer to what does not exist are refused", { skip }, async (t) => {
  const pair = await openPair(t, server);
  pair.client.pragma("foreign_keys = OFF");
  pair.client.exec("INSERT INTO aa_marks VALUES (77, 'lost')");
  assert.match(
    (await rejection(pair.copy())).message,
    /1 rows that refer to what does not exist, first in aa_marks to nodes/,
  );
});

test("a file that is written to while it is copied gives the copy up, and a backup of it does not", {
  skip,
}, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  let isWritten = false;
  const onProgress = ({ phase }: CopyProgress): void => {
    if (phase !== "write" || isWritten) return;
    isWritten = true;
    const other = new Client(pair.file);
    other.exec("INSERT INTO nodes (parent) VALUES (1)");
    other.close();
  };
  const { code, message } = await rejection(pair.copy({ onProgress }));
  assert.ok(isWritten);
  assert.deepEqual(
    [code, /was written to while it was copied.*runrpc backup/.test(message)],
    ["aborted", true],
  );
  assert.deepEqual(await countRows(pair), [{ rows: 0 }]);
  assert.equal((await pair.copy()).tables.at(-1)?.rows, 4);
});

test("what reads back otherwise than it was written is not kept", { skip }, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  await pair.migrateServer();
  await pair.rows(`CREATE FUNCTION alter_row() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.id = 'small' THEN NEW.real := NEW.real + 1e-16; END IF; RETURN NEW; END $$`);
  await pair.rows(
    'CREATE TRIGGER alter_row BEFORE INSERT ON "all" FOR EACH ROW EXECUTE FUNCTION alter_row()',
  );
  const altered = await rejection(pair.copy());
  assert.equal(altered.code, "data_loss");
  assert.match(
    altered.message,
    /\n {2}all: 6 rows, checksum (\w{16}); in postgres:\S+ 6 rows, checksum (?!\1)\w{16}$/,
  );
  await pair.rows(`CREATE OR REPLACE FUNCTION alter_row() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RETURN CASE WHEN NEW.id = 'small' THEN NULL ELSE NEW END; END $$`);
  assert.match((await rejection(pair.copy())).message, /\n {2}all: 6 rows, .* 5 rows, /);
  assert.deepEqual(await countRows(pair), [{ rows: 0 }]);
});

test("a constraint that does not hold there is told with its table, and nothing is kept", {
  skip,
}, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  await pair.migrateServer();
  await pair.rows(`ALTER TABLE "all" ADD CHECK (id <> 'small')`);
  const { code, message } = await rejection(pair.copy());
  assert.deepEqual([code, /does not take rows of all: /.test(message)], ["failed_precondition", true]);
  assert.deepEqual(await countRows(pair), [{ rows: 0 }]);
});

test("many rows and large ones go in several messages, and progress is told of each", { skip }, async (t) => {
  const pair = await openPair(t, server);
  const { client } = pair;
  client.exec(
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000) INSERT INTO nodes SELECT x, NULL FROM c",
  );
  for (const name of ["a", "b", "c"])
    client.prepare(`INSERT INTO "all" (id, "Text") VALUES (?, ?)`).run(name, name.repeat(3 * 1024 * 1024));
  const told: string[] = [];
  const { tables } = await pair.copy({
    onProgress: ({ phase, table, rows, totalRows }) => told.push(`${phase} ${table} ${rows}/${totalRows}`),
  });
  assert.deepEqual(
    tables.map(({ rows }) => rows),
    [0, 3, 0, 0, 2000],
  );
  for (const line of [
    "write nodes 1000/2000",
    "write nodes 2000/2000",
    "write all 1/3",
    "write all 2/3",
    "compare all 3/3",
  ])
    assert.equal(told.filter((each) => each === line).length, 1, `${line} in ${told}`);
});

test("a signal ends the copy, and nothing is kept", { skip }, async (t) => {
  const pair = await openPair(t, server);
  fill(pair);
  const ended = new Error("ended");
  for (const phase of ["examine", "write", "compare"]) {
    const controller = new AbortController();
    const copy = pair.copy({
      signal: controller.signal,
      onProgress: (progress) => progress.phase === phase && controller.abort(ended),
    });
    await assert.rejects(copy, ended);
    assert.deepEqual(await countRows(pair), [{ rows: 0 }]);
  }
});
