// What is the same on SQLite and on Postgres: the schema, and what every query of every module gives.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import Database from "better-sqlite3";
import { DataError } from "runrpc";
import { openTestStore, type TestStore } from "runrpc/testing";
import { Severity } from "../../gen/logs/v1/logs_pb.ts";
import { DatabaseSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import definition from "../../src/main.ts";
import { openAppStore } from "../../src/runrpc/app/app-store.ts";
import { rowsOfUser } from "../../src/services/logs/row.ts";
import type { Modules } from "../../src/worker.ts";
import { type PostgresServer, startPostgres, whyNoPostgres } from "../postgres.ts";
import { runCommand } from "../runrpc/cli/run-command.ts";

const skip = whyNoPostgres() ?? false;
const root = fileURLToPath(new URL("../../", import.meta.url));

let server: PostgresServer;
let sqlite: TestStore<Modules>;
let postgres: TestStore<Modules>;

before(async () => {
  if (skip !== false) return;
  server = await startPostgres();
  sqlite = await openTestStore(definition, { database: "sqlite" });
  postgres = await openTestStore(definition, { database: server.url("postgres") });
});

after(async () => {
  await sqlite?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  await server?.stop();
});

test("tables, columns, keys and indexes are the same, and types belong to each other", { skip }, async () => {
  const here = schemaOfFile(sqlite.file);
  const there = await schemaOfServer();
  assert.notEqual(here.size, 0);
  assert.deepEqual([...there.keys()], [...here.keys()]);
  for (const [name, table] of here) {
    const other = there.get(name);
    const { columns, ...keys } = table;
    const { columns: otherColumns = [], ...otherKeys } = other ?? {};
    assert.deepEqual(otherKeys, keys, name);
    assert.deepEqual(
      otherColumns.map(({ type: _, ...column }) => column),
      columns.map(({ type: _, ...column }) => column),
      name,
    );
    for (const [index, { type, column }] of columns.entries()) {
      const found = otherColumns[index]?.type ?? "";
      assert.ok(typesOf[type]?.includes(found), `${name}.${column} is ${type} there and ${found} here`);
    }
  }
});

test("every query of every module gives the same on both", { skip }, async () => {
  const asked = new Set<string>();
  for (const [name, input] of samples) {
    asked.add(name);
    const [here, there] = await Promise.all([
      outcomeOf(sqlite, name, input),
      outcomeOf(postgres, name, input),
    ]);
    assert.deepEqual(there, here, `${name}(${JSON.stringify(input)})`);
  }
  const all = Object.entries(postgres.store.queries).flatMap(([module, queries]) =>
    Object.keys(queries).map((query) => `${module}.${query}`),
  );
  assert.deepEqual([...asked].sort(), all.sort());
});

test("what `runrpc copy` brought over, every query finds, and ids go on", { skip }, async () => {
  await using source = await openTestStore(definition, { database: "sqlite" });
  const writes = samples.filter(([name]) => /\.(create|add)/.test(name));
  for (const [name, input] of writes) await outcomeOf(source, name, input);
  const url = await server.createDatabase();
  const copied = await runCommand(["copy", "--from", source.file, "--to", url], { cwd: root });
  assert.equal(copied.code, 0, copied.stderr);
  const store = await openAppStore(definition, create(DatabaseSchema, { url }));
  try {
    const reads = samples.filter(([name]) => /\.(get|find|list|count|last|check|is)/.test(name));
    for (const [name, input] of [...reads, ...samples.slice(-6)]) {
      const [here, there] = [await outcomeOf(source, name, input), await outcomeOf({ store }, name, input)];
      assert.deepEqual(there, here, `${name}(${JSON.stringify(input)})`);
    }
  } finally {
    await store.close();
  }
});

const at = new Date("2026-11-27T20:00:00.123Z");
const ancient = new Date("0001-01-01T00:00:00.000Z");
const latest = new Date(8_640_000_000_000_000);
const ada = { id: "ada", email: "Ada@Example.com", displayName: "Ada 🎉", at };
const key = { hash: new Uint8Array(32).fill(7), subject: "ada", label: "ci", scopes: ["users.*", "ü"], at };
const lines = [
  {
    time: ancient,
    severity: Severity.ERROR,
    message: "first",
    attributes: { b: "1", a: 'quote " \\ {}' },
    size: 5,
  },
  { time: at, severity: Severity.DEBUG, message: "Zoë,\n{NULL}", attributes: null, size: 9 },
  { time: latest, severity: Severity.INFO, message: "", attributes: {}, size: 0 },
];
const call = {
  columns: ["s", "m", "unary", "grpc", "2.0", "ok", null, false],
  caller: ["::1", "ada", null, 1, 1, ""],
  own: [at, "r-1", 1.25, 5, 7, ancient, "r-2", 0.1, 2 ** 40, 0],
};
const requests = {
  caller: { by: "caller", groups: [{ shared: [...call.columns, ...call.caller], own: call.own }] },
  kind: { by: "kind", groups: [{ shared: call.columns, own: [...call.own.slice(0, 5), ...call.caller] }] },
  request: {
    by: "request",
    groups: [{ shared: call.columns, own: [...call.own.slice(0, 5), ...call.caller, '{"é":1}', null] }],
  },
};
const before100 = { time: latest, id: Number.MAX_SAFE_INTEGER };
const page = { minSeverity: Severity.UNSPECIFIED, limit: 10, maxSize: 1_000 };

/** All times of log lines. */
const always = { since: new Date("0001-01-01T00:00:00Z"), until: new Date("9999-12-31T23:59:59.999Z") };

/** In this order: each finds what those above it have written. What fails comes last, since a server uses ids up for it. */
const samples: readonly (readonly [name: string, input: unknown])[] = [
  ["users.isEmpty", undefined],
  ["users.createUser", ada],
  ["users.createUser", { ...ada, id: "Zoë", email: "zoe@example.com" }],
  ["users.createUser", { ...ada, id: "other", email: "ADA@example.com" }],
  ["users.createUser", { ...ada, email: "other@example.com" }],
  ["users.isEmpty", undefined],
  ["users.getUser", { id: "ada" }],
  ["users.getUser", { id: "nobody" }],
  ["users.findUserByEmail", { email: "ADA@EXAMPLE.COM" }],
  ["users.findUserByEmail", { email: "nobody@example.com" }],
  ["users.listUsers", { afterSeq: 0, limit: 1 }],
  ["users.updateUser", { id: "ada", email: "zoe@example.com", displayName: undefined, at }],
  ["users.updateUser", { id: "ada", email: undefined, displayName: "Ada L.", at: ancient }],
  ["events.lastEventId", { userId: "ada" }],
  ["events.addEvent", { userId: "ada", type: "made", payload: { deep: [1, null, { x: "ü" }], n: 0.1 }, at }],
  ["events.addEvent", { userId: "ada", type: "empty", payload: null, at: ancient }],
  ["events.addEvent", { userId: "Zoë", type: "x", payload: {}, at: latest }],
  ["events.addEvent", { userId: "nobody", type: "x", payload: null, at }],
  ["events.listEvents", { userId: "ada", afterId: 0, limit: 10, maxSize: 1_000 }],
  ["events.listEvents", { userId: "ada", afterId: 0, limit: 10, maxSize: 1 }],
  ["logs.addLogs", { rows: rowsOfUser("ada", lines) }],
  ["logs.addLogs", { rows: rowsOfUser("ada", []) }],
  ["logs.addLogs", { rows: rowsOfUser("nobody", lines) }],
  ["logs.listLogs", { userId: "ada", before: before100, ...page }],
  ["logs.listLogs", { userId: "ada", before: { time: at, id: 2 }, ...page }],
  ["logs.listLogs", { userId: "ada", before: before100, ...page, minSeverity: Severity.ERROR }],
  ["reports.countLines", { userId: "ada", ...always }],
  ["reports.countLines", { userId: "ada", since: at, until: at }],
  ["reports.listLines", { userId: "ada", ...always, afterId: -1, limit: 10 }],
  ["reports.listLines", { userId: "ada", ...always, since: at, afterId: 1, limit: 1 }],
  ["reports.countLines", { userId: "ada", since: ancient, until: latest }],
  ["reports.listLines", { userId: "ada", since: ancient, until: latest, afterId: 0, limit: 10 }],
  ["reports.listLines", { userId: "ada", since: at, until: latest, afterId: 2, limit: 10 }],
  ["chat.lastMessageId", { room: "lobby" }],
  ["chat.addMessage", { room: "lobby", userId: "ada", text: "Hi", at, callId: "call" }],
  ["chat.addMessage", { room: "lobby", userId: "Zoë", text: "", at: ancient, callId: "other" }],
  ["chat.addMessage", { room: "lobby", userId: "nobody", text: "Hi", at, callId: "call" }],
  ["chat.lastMessageId", { room: "lobby" }],
  ["chat.listMessages", { room: "lobby", afterId: 0, limit: 10 }],
  ["chat.listMessages", { room: "lobby", afterId: 1, limit: 1 }],
  ["chat.listMessages", { room: "elsewhere", afterId: 0, limit: 10 }],
  ["runrpcKeys.countKeys", undefined],
  ["runrpcKeys.createKey", { ...key, keyId: "k1", expireTime: null, callsPerSecond: 7 }],
  ["runrpcKeys.createKey", { ...key, keyId: "k1", expireTime: null }],
  ["runrpcKeys.createKey", { ...key, keyId: "K2", expireTime: latest, loopbackOnly: true }],
  [
    "runrpcKeys.addKeyUses",
    {
      uses: [
        { keyId: "k1", count: 3, lastUsedAt: ancient },
        { keyId: "k9", count: 1, lastUsedAt: at },
      ],
    },
  ],
  ["runrpcKeys.findKeys", { keyIds: ["k1", "k9", "K2"] }],
  ["runrpcKeys.checkKeys", { keyIds: ["k9", "k1"] }],
  ["runrpcKeys.listKeys", {}],
  ["runrpcKeys.listKeys", { subject: "ada" }],
  [
    "runrpcKeys.rotateKey",
    { keyId: "k1", replacement: { keyId: "k3", hash: key.hash }, at, graceUntil: latest },
  ],
  ["runrpcKeys.revokeKey", { keyId: "k1", at }],
  [
    "runrpcKeys.rotateKey",
    { keyId: "k1", replacement: { keyId: "k4", hash: key.hash }, at, graceUntil: null },
  ],
  ["runrpcKeys.revokeKey", { keyId: "k9", at }],
  ["runrpcRequestLog.addRequests", requests.caller],
  ["runrpcRequestLog.addRequests", requests.kind],
  ["runrpcRequestLog.addRequests", requests.request],
  ["runrpcRequestLog.listRequests", { limit: 10 }],
  ["runrpcRequestLog.getRequest", { id: 2 }],
  ["runrpcRequestLog.getRequest", { id: 99 }],
  ["runrpcRequestLog.findRequests", { limit: 2, maxScanned: 100 }],
  [
    "runrpcRequestLog.findRequests",
    {
      limit: 9,
      maxScanned: 9,
      service: "s",
      codes: ["ok", "error"],
      from: ancient,
      to: latest,
      minDurationMs: 0.2,
    },
  ],
  ["runrpcRequestLog.findKeptRequests", { after: 0, newest: 0, limit: 10, maxScanned: 100 }],
  ["runrpcRequestLog.findKeptRequests", { after: 0, newest: 1, limit: 10, maxScanned: 100 }],
  ["runrpcRequestLog.forgetRequests", { ids: [4] }],
  ["runrpcRequestLog.getRequest", { id: 4 }],
  ["runrpcRequestLog.removeRequests", { before: at, limit: 10 }],
  ["runrpcRequestLog.removeRequests", { before: latest, limit: 1 }],
  ["users.deleteUser", { id: "ada" }],
  ["users.deleteUser", { id: "ada" }],
  ["users.removeDeleted", undefined],
  ["runrpcKeys.countKeys", undefined],
  ["events.lastEventId", { userId: "ada" }],
];

/** What a query gives, or the code that it fails with: and the sentence, where that is the query's own. */
async function outcomeOf(
  { store }: Pick<TestStore<Modules>, "store">,
  name: string,
  input: unknown,
): Promise<unknown> {
  const [module = "", query = ""] = name.split(".");
  const queries = Reflect.get(store.queries, module) as Record<string, (input: unknown) => Promise<unknown>>;
  try {
    return plain(await queries[query]?.(input));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { code: error.code, message: error.databaseCode === undefined ? error.message : "" };
  }
}

/** Bytes are a Buffer where they crossed no thread. */
function plain(value: unknown): unknown {
  return structuredClone(value);
}

interface Column {
  readonly column: string;
  readonly type: string;
  readonly notNull: boolean;
}

interface TableSchema {
  readonly columns: readonly Column[];
  readonly primary: readonly string[];
  readonly unique: readonly string[];
  readonly indexes: readonly string[];
  readonly foreign: readonly string[];
}

/** The types of Postgres that hold what a column of SQLite does. */
const typesOf: Readonly<Record<string, readonly string[]>> = {
  integer: ["bigint", "boolean", "timestamp(3) with time zone", "timestamp(0) with time zone"],
  text: ['text COLLATE "C"', "jsonb"],
  real: ["double precision"],
  blob: ["bytea"],
};

function schemaOfFile(file: string): Map<string, TableSchema> {
  const client = new Database(file, { readonly: true });
  const all = <T>(text: string, ...values: unknown[]) => client.prepare(text).all(...values) as T[];
  const names = all<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%migrations' ORDER BY name",
  );
  const schemas = names.map(({ name }): [string, TableSchema] => {
    const columns = all<{ name: string; type: string; notnull: number; pk: number }>(
      "SELECT * FROM pragma_table_info(?)",
      name,
    );
    const indexes = all<{ name: string; unique: number; origin: string; columns: string }>(
      `SELECT list.name, list."unique", list.origin,
         (SELECT group_concat(info.name, ',') FROM pragma_index_info(list.name) info) AS columns
       FROM pragma_index_list(?) list`,
      name,
    );
    const foreign = all<{ from: string; table: string; to: string; on_delete: string }>(
      "SELECT * FROM pragma_foreign_key_list(?)",
      name,
    );
    return [
      name,
      {
        columns: columns.map((column) => ({
          column: column.name,
          type: column.type.toLowerCase(),
          notNull: column.notnull === 1 || column.pk > 0,
        })),
        primary: columns.filter(({ pk }) => pk > 0).map((column) => column.name),
        unique: indexes
          .filter(({ origin }) => origin === "u")
          .map((index) => index.columns)
          .sort(),
        indexes: indexes
          .filter(({ origin }) => origin === "c")
          .map((index) => `${index.name}(${index.columns})`)
          .sort(),
        foreign: foreign.map((one) => `${one.from} → ${one.table}.${one.to} ${one.on_delete}`).sort(),
      },
    ];
  });
  client.close();
  return new Map(schemas);
}

async function schemaOfServer(): Promise<Map<string, TableSchema>> {
  const { rows } = await server.query(
    `SELECT class.relname AS name,
       (SELECT json_agg(json_build_object('column', attname, 'type', format_type(atttypid, atttypmod)
          || CASE WHEN collname = 'C' THEN ' COLLATE "C"' ELSE '' END, 'notNull', attnotnull) ORDER BY attnum)
        FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped) AS columns,
       (SELECT json_agg(json_build_object('name', index.relname, 'primary', indisprimary, 'constraint',
          EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u'), 'columns',
          (SELECT string_agg(attname, ',' ORDER BY place) FROM unnest(indkey) WITH ORDINALITY AS key(number, place)
           JOIN pg_attribute ON attrelid = indrelid AND attnum = number)))
        FROM pg_index JOIN pg_class index ON index.oid = indexrelid WHERE indrelid = class.oid) AS indexes,
       (SELECT json_agg(json_build_object('from', own.attname, 'table', confrelid::regclass::text, 'to', other.attname,
          'deletes', confdeltype = 'c'))
        FROM pg_constraint JOIN pg_attribute own ON own.attrelid = conrelid AND own.attnum = conkey[1]
        JOIN pg_attribute other ON other.attrelid = confrelid AND other.attnum = confkey[1]
        WHERE contype = 'f' AND conrelid = class.oid) AS foreign
     FROM pg_class class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '%migrations'
     ORDER BY relname COLLATE "C"`,
    [],
    postgres.file,
  );
  return new Map(rows.map((row) => [row.name, tableOfServer(row)]));
}

interface ServerTable {
  readonly columns: readonly Column[];
  readonly indexes:
    | readonly { name: string; primary: boolean; constraint: boolean; columns: string }[]
    | null;
  readonly foreign: readonly { from: string; table: string; to: string; deletes: boolean }[] | null;
}

function tableOfServer({ columns, indexes, foreign }: ServerTable): TableSchema {
  const all = indexes ?? [];
  return {
    columns,
    primary: all.filter(({ primary }) => primary).flatMap((index) => index.columns.split(",")),
    unique: all
      .filter(({ constraint }) => constraint)
      .map((index) => index.columns)
      .sort(),
    indexes: all
      .filter(({ primary, constraint }) => !primary && !constraint)
      .map(({ name, columns: names }) => `${name}(${names})`)
      .sort(),
    foreign: (foreign ?? [])
      .map(({ from, table, to, deletes }) => `${from} → ${table}.${to} ${deletes ? "CASCADE" : "NO ACTION"}`)
      .sort(),
  };
}
