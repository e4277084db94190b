import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Import, importsOf, sources } from "./source.ts";

/** Who may import whom. `{own}` stands for the folder that the file is in. */
interface Rule {
  readonly files: string;
  /** What may be imported, packages too. */
  readonly allowed: readonly RegExp[];
  /** What may be imported as types, besides. */
  readonly types?: readonly RegExp[];
}

const NODE = /^node:/;
const CONNECT = /^@connectrpc\/(connect|validate)(\/|$)/;
const BUFBUILD = /^@bufbuild\/(protobuf|protovalidate)(\/|$)/;
const QUERY_FACE = /^src\/data\/(query|insert-rows|remove-owned)\.ts$/;
const OWN_CONTRACTS = /^gen\/(grpc|runrpc)\//;

const rules: readonly Rule[] = [
  // The rules of validation are part of the descriptors.
  {
    files: "gen/**/*.ts",
    allowed: [/^@bufbuild\/protobuf(\/|$)/, /^@bufbuild\/protovalidate\/gen\//, /^gen\//],
  },

  // The runtime knows no service, no table, no database. Its stock lane alone is made of connect-node.
  {
    files: "src/server/*.ts",
    allowed: [NODE, CONNECT, BUFBUILD, OWN_CONTRACTS, /^src\/(server\/|closest\.ts$)/],
  },
  { files: "src/server/auth/*.ts", allowed: [NODE, CONNECT, /^src\/server\//] },
  // The listener knows HTTP and sockets, and nothing of calls.
  {
    files: "src/server/listener/*.ts",
    allowed: [NODE, /^src\/server\/listener\//, /^src\/server\/http2\/(engine|options|stream)\.ts$/],
  },
  // The engine knows HTTP/2, and nothing of the server that it is a part of.
  { files: "src/server/http2/**/*.ts", allowed: [NODE, /^src\/server\/http2\//] },
  {
    files: "src/server/lanes/*.ts",
    allowed: [NODE, CONNECT, /^@connectrpc\/connect-node$/, BUFBUILD, /^src\/server\//],
  },
  { files: "src/server/lanes/fast/*.ts", allowed: [NODE, CONNECT, BUFBUILD, /^src\/server\//] },

  // The store knows databases and threads, no table and no RPC.
  { files: "src/data/*.ts", allowed: [NODE, /^drizzle-orm(\/|$)/, /^better-sqlite3$/, /^src\/data\//] },

  // A service: its contract, the server's public face, and helpers of its own room. No other service.
  {
    files: "src/services/*/!(queries|table|row|admin|store|writer|retention).ts",
    allowed: [
      /^node:crypto$/,
      CONNECT,
      BUFBUILD,
      /^gen\/{own}\//,
      /^src\/server\/(principal|send-headers|service)\.ts$/,
      /^src\/services\/{own}\/(?!queries|table)/,
      /^src\/services\/(page-token|stored-json|times)\.ts$/,
    ],
    types: [/^src\/services\/{own}\/queries\.ts$/],
  },
  // Queries run in a worker: drizzle and their table. The bootstrap is one transaction over two tables.
  {
    files: "src/services/*/queries.ts",
    allowed: [
      /^drizzle-orm$/,
      QUERY_FACE,
      /^src\/services\/{own}\/(table|row)\.ts$/,
      /^src\/services\/count-within\.ts$/,
    ],
    types: [/^src\/data\/store\.ts$/],
  },
  // How rows travel to a query: known to both of its sides.
  { files: "src/services/*/row.ts", allowed: [], types: [/^src\/(data\/insert-rows|server\/record)\.ts$/] },
  // A foreign key needs the other table's column.
  {
    files: "src/services/*/table.ts",
    allowed: [/^drizzle-orm\/sqlite-core$/, /^src\/services\/users\/table\.ts$/],
  },
  // What satisfies the server's two small interfaces: the key store, and the taker of call records.
  {
    files: "src/services/{keys,request-log}/{admin,store,writer,retention}.ts",
    allowed: [/^src\/server\/auth\/format\.ts$/, /^src\/services\/{own}\/(?!queries|table)/],
    types: [/^src\/server\/(log|record|auth\/key-store)\.ts$/, /^src\/services\/{own}\/queries\.ts$/],
  },

  {
    files: "src/config{.ts,/*.ts}",
    allowed: [NODE, BUFBUILD, /^yaml$/, /^gen\/runrpc\//, /^src\/(config(\.ts$|\/)|closest\.ts$)/],
  },
  {
    files: "src/cli{.ts,/**/*.ts}",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      /^@connectrpc\/connect-node$/,
      /^commander$/,
      /^gen\//,
      /^src\/((cli|config)(\.ts$|\/)|closest\.ts$)/,
      /^src\/main\.ts$/,
    ],
  },
];

const exceptions: ReadonlySet<string> = new Set([
  "src/services/bootstrap/queries.ts → src/services/keys/queries.ts",
  "src/services/bootstrap/queries.ts → src/services/users/queries.ts",
  "src/services/bootstrap/queries.ts → src/services/development.ts",
  // What a user owns is in all tables that refer to it.
  "src/services/users/queries.ts → src/services/schema.ts",
]);

function isAllowed({ from, to, isType }: Import, { allowed, types = [] }: Rule): boolean {
  const own = from.split("/").at(-2) ?? "";
  const patterns = isType ? [...allowed, ...types] : allowed;
  const fits = patterns.some(({ source }) => new RegExp(source.replace("{own}", own)).test(to));
  return fits || exceptions.has(`${from} → ${to}`);
}

describe("who may import whom", () => {
  for (const rule of rules) {
    it(rule.files, () => {
      const files = sources(rule.files);
      assert.notEqual(files.length, 0, "no file is under this rule");
      const broken = files.flatMap(importsOf).filter((found) => !isAllowed(found, rule));
      assert.deepEqual(
        broken.map(({ from, to }) => `${from} → ${to}`),
        [],
      );
    });
  }

  it("every file of src is under a rule, but for the roots", () => {
    const covered = new Set(rules.flatMap(({ files }) => sources(files).map(({ path }) => path)));
    const roots = [
      "src/access-line.ts",
      "src/closest.ts",
      "src/index.ts",
      "src/log-fields.ts",
      "src/log-output.ts",
      "src/log.ts",
      "src/main.ts",
      "src/services/count-within.ts",
      "src/services/data-errors.ts",
      "src/services/development.ts",
      "src/services/drizzle.config.ts",
      "src/services/page-token.ts",
      "src/services/queries.ts",
      "src/services/schema.ts",
      "src/services/stored-json.ts",
      "src/services/times.ts",
      "src/tune.ts",
      "src/worker.ts",
    ];
    const others = sources("src/**/*.ts")
      .map(({ path }) => path)
      .filter((path) => !covered.has(path));
    assert.deepEqual(others, roots);
  });

  it("nobody imports the roots but the command", () => {
    const found = sources("src/**/*.ts")
      .filter(({ path }) => !path.startsWith("src/cli"))
      .flatMap(importsOf)
      .filter(({ to, isType }) => !isType && /^src\/(main|worker|index|cli)\.ts$/.test(to));
    assert.deepEqual(found, []);
  });

  it("the reader of imports sees every form of them", () => {
    const text = [
      'import a, { type B } from "one";',
      'import type { C } from "two";',
      'import {\n  d,\n  e,\n} from "./three.ts";',
      'export * from "../four.ts";',
      'import "five";',
      'const six = await import("six");',
    ].join("\n");
    assert.deepEqual(
      importsOf({ path: "src/x/y.ts", text }).map(({ to, isType }) => [to, isType]),
      [
        ["one", false],
        ["two", true],
        ["src/x/three.ts", false],
        ["src/four.ts", false],
        ["five", false],
        ["six", false],
      ],
    );
  });
});
