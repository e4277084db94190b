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
const OWN_CONTRACTS = /^gen\/(grpc|runrpc)\//;
/** What was most likely meant: for every room that refuses a name. */
const CLOSEST = /^src\/runrpc\/closest\.ts$/;
/** What stands in backticks in a file of scaffold/templates. */
const IN_TEMPLATES =
  /^(node:[\w/]+|drizzle-orm(\/sqlite-core)?|@bufbuild\/protobuf(\/wkt)?|runrpc(\/\w+)?|\$\{.*|.*\$\{.*|src\/runrpc\/scaffold\/templates\/table\.ts)$/;
const CLIENT = /^src\/runrpc\/client\//;
const SERVER = /^src\/runrpc\/server\//;
const QUERY_ROOM = /^src\/runrpc\/data\/(query|define-queries|insert-rows|remove-owned)\.ts$/;

const rules: readonly Rule[] = [
  // The rules of validation are part of the descriptors.
  {
    files: "gen/**/*.ts",
    allowed: [/^@bufbuild\/protobuf(\/|$)/, /^@bufbuild\/protovalidate\/gen\//, /^gen\//],
  },

  // THE APP. It depends on the package by its public names, as every project does.
  { files: "src/main.ts", allowed: [/^runrpc$/, /^gen\//, /^src\/services\//], types: [/^src\/worker\.ts$/] },
  { files: "src/worker.ts", allowed: [/^runrpc\/worker$/, /^src\/services\/queries\.ts$/] },
  { files: "src/services/queries.ts", allowed: [/^src\/services\/[^/]+\/queries\.ts$/] },
  { files: "src/services/schema.ts", allowed: [/^src\/services\/[^/]+\/table\.ts$/] },
  { files: "src/services/drizzle.config.ts", allowed: [/^drizzle-kit$/] },
  // A service: its contract, the package, and helpers of its own room. No other service, no database, no environment.
  {
    files: "src/services/*/!(queries|table|row).ts",
    allowed: [
      /^node:crypto$/,
      CONNECT,
      BUFBUILD,
      /^runrpc$/,
      /^gen\/{own}\//,
      /^src\/services\/{own}\/(?!queries|table)/,
    ],
    types: [/^src\/services\/{own}\/queries\.ts$/],
  },
  // Queries run in a worker: drizzle and their table.
  {
    files: "src/services/*/queries.ts",
    allowed: [
      /^drizzle-orm$/,
      /^runrpc\/query$/,
      /^src\/services\/{own}\/(table|row)\.ts$/,
      // What somebody owns is in all tables that refer to it.
      /^src\/services\/schema\.ts$/,
    ],
    types: [/^gen\/{own}\//],
  },
  // How rows travel to a query: known to both of its sides.
  { files: "src/services/*/row.ts", allowed: [], types: [/^runrpc\/query$/, /^gen\/{own}\//] },
  // A foreign key needs the other table's column; a column of an enum is typed as the contract's.
  {
    files: "src/services/*/table.ts",
    allowed: [/^drizzle-orm\/sqlite-core$/, /^src\/services\/[^/]+\/table\.ts$/],
    types: [/^gen\/{own}\//],
  },

  // THE PACKAGE. Its faces hold nothing of their own.
  { files: "src/runrpc/{index,query,worker}.ts", allowed: [/^src\/runrpc\//] },
  { files: "src/runrpc/tune.ts", allowed: [NODE] },
  { files: "src/runrpc/closest.ts", allowed: [] },
  // What joins the rooms: configuration, store, platform, server.
  {
    files: "src/runrpc/app/*.ts",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      OWN_CONTRACTS,
      /^src\/runrpc\/(app|config|data|log|platform|server)\//,
      /^src\/runrpc\/tune\.ts$/,
      CLOSEST,
    ],
  },

  // The runtime knows no service, no table, no database. Its stock lane alone is made of connect-node.
  {
    files: "src/runrpc/server/{*,{call,routes,builtin,http,json,limits}/*}.ts",
    allowed: [NODE, CONNECT, BUFBUILD, OWN_CONTRACTS, SERVER, CLOSEST],
  },
  { files: "src/runrpc/server/auth/*.ts", allowed: [NODE, CONNECT, SERVER] },
  // The listener knows HTTP and sockets, and nothing of calls.
  {
    files: "src/runrpc/server/listener/*.ts",
    allowed: [
      NODE,
      /^src\/runrpc\/server\/listener\//,
      /^src\/runrpc\/server\/http2\/(engine|options|stream)\.ts$/,
    ],
  },
  // The engine knows HTTP/2, and nothing of the server that it is a part of.
  { files: "src/runrpc/server/http2/**/*.ts", allowed: [NODE, /^src\/runrpc\/server\/http2\//] },
  {
    files: "src/runrpc/server/lanes/{*,stock/*}.ts",
    allowed: [NODE, CONNECT, /^@connectrpc\/connect-node$/, BUFBUILD, SERVER],
  },
  { files: "src/runrpc/server/lanes/fast/*.ts", allowed: [NODE, CONNECT, BUFBUILD, SERVER] },

  // The store knows databases and threads, no table and no RPC.
  {
    files: "src/runrpc/data/*.ts",
    allowed: [NODE, /^drizzle-orm(\/|$)/, /^better-sqlite3$/, /^src\/runrpc\/data\//],
  },

  // The platform: what satisfies the server's two small interfaces, over tables of its own.
  {
    files: "src/runrpc/platform/*/{queries,remove-keys}.ts",
    allowed: [/^drizzle-orm$/, QUERY_ROOM, /^src\/runrpc\/platform\/{own}\/(table|row)\.ts$/],
    types: [/^src\/runrpc\/data\/store\.ts$/],
  },
  {
    files: "src/runrpc/platform/*/row.ts",
    allowed: [],
    types: [/^src\/runrpc\/(data\/insert-rows|server\/call\/record)\.ts$/],
  },
  { files: "src/runrpc/platform/*/table.ts", allowed: [/^drizzle-orm\/sqlite-core$/] },
  {
    files: "src/runrpc/platform/*/!(queries|table|row|remove-keys).ts",
    allowed: [/^src\/runrpc\/server\/auth\/format\.ts$/, /^src\/runrpc\/platform\/{own}\/(?!queries|table)/],
    types: [
      /^src\/runrpc\/server\/(log|call\/record|auth\/key-store)\.ts$/,
      /^src\/runrpc\/platform\/{own}\/queries\.ts$/,
    ],
  },
  {
    files: "src/runrpc/platform/*.ts",
    allowed: [/^drizzle-kit$/, /^src\/runrpc\/(data|platform)\//],
  },

  // What tests of an application start: all of the package.
  {
    files: "src/runrpc/testing{.ts,/*.ts}",
    allowed: [NODE, CONNECT, BUFBUILD, OWN_CONTRACTS, /^src\/runrpc\//],
  },
  // Text in, text out: knows no file and no process.
  { files: "src/runrpc/scaffold/*.ts", allowed: [/^node:(util|crypto)$/, /^src\/runrpc\/scaffold\/[^/]+$/] },
  // What they import, and in their texts what a new service does.
  {
    files: "src/runrpc/scaffold/templates/*.ts",
    allowed: [/^src\/runrpc\/scaffold\/service-names\.ts$/, IN_TEMPLATES],
  },
  // What reads and writes a project's files, and runs its commands. The compiler is the project's own, loaded when needed.
  {
    files: "src/runrpc/scaffold/project/*.ts",
    allowed: [NODE, BUFBUILD, /^yaml$/, CLOSEST, /^src\/runrpc\/scaffold\//],
    types: [/^typescript\/unstable\//],
  },
  // The client knows Connect's transports, and nothing of the server.
  { files: "src/runrpc/client.ts", allowed: [CONNECT, /^@connectrpc\/connect-node$/, BUFBUILD, CLIENT] },
  {
    files: "src/runrpc/client.browser.ts",
    allowed: [CONNECT, /^@connectrpc\/connect-web$/, BUFBUILD, CLIENT],
  },
  { files: "src/runrpc/client/*.ts", allowed: [CONNECT, BUFBUILD, /^gen\/google\//, CLIENT] },

  // What services are written with besides: pages, what wakes and feeds streams, and values as they are stored.
  { files: "src/runrpc/{paging,streams,values}/*.ts", allowed: [CONNECT, BUFBUILD] },

  {
    files: "src/runrpc/log/*.ts",
    allowed: [NODE, /^pino$/, /^src\/runrpc\/log\//, /^src\/runrpc\/server\/bounded-text\.ts$/],
    types: [/^gen\/runrpc\//, /^src\/runrpc\/server\/(log|call\/record)\.ts$/],
  },
  {
    files: "src/runrpc/config/*.ts",
    allowed: [NODE, BUFBUILD, /^yaml$/, /^gen\/runrpc\//, /^src\/runrpc\/config\//, CLOSEST],
  },
  // The commands reach the rest through app/.
  {
    files: "src/runrpc/cli/**/*.ts",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      /^@connectrpc\/connect-node$/,
      /^commander$/,
      OWN_CONTRACTS,
      /^src\/runrpc\/(cli|config|app|scaffold)\//,
      CLIENT,
      CLOSEST,
    ],
    types: [/^src\/runrpc\/platform\/keys\/admin\.ts$/],
  },
];

function isAllowed({ from, to, isType }: Import, { allowed, types = [] }: Rule): boolean {
  const own = from.split("/").at(-2) ?? "";
  const patterns = isType ? [...allowed, ...types] : allowed;
  return patterns.some(({ source }) => new RegExp(source.replace("{own}", own)).test(to));
}

describe("who may import whom", () => {
  for (const rule of rules) {
    it(rule.files, () => {
      const files = sources(rule.files);
      // Which services there are, and what they are made of, is the app's.
      if (!rule.files.startsWith("src/services/*/"))
        assert.notEqual(files.length, 0, "no file is under this rule");
      const broken = files.flatMap(importsOf).filter((found) => !isAllowed(found, rule));
      assert.deepEqual(
        broken.map(({ from, to }) => `${from} → ${to}`),
        [],
      );
    });
  }

  it("every file of src is under a rule", () => {
    const covered = new Set(rules.flatMap(({ files }) => sources(files).map(({ path }) => path)));
    const others = sources("src/**/*.ts")
      .map(({ path }) => path)
      .filter((path) => !covered.has(path));
    assert.deepEqual(others, []);
  });

  it("the package imports nothing of the app", () => {
    // The templates hold an application's imports, as text.
    const found = sources("src/runrpc/**/*.ts")
      .filter(({ path }) => !path.startsWith("src/runrpc/scaffold/templates/"))
      .flatMap(importsOf)
      .filter(({ to }) => /^src\/(?!runrpc\/)/.test(to) || /^runrpc(\/|$)/.test(to));
    assert.deepEqual(found, []);
  });

  it("only the app's own tests stand on the app: the runtime's, and the benchmark, have contracts and services of their own", () => {
    const files = ["test/*.ts", "test/!(services)/**/*.ts", "bench/**/*.ts"].flatMap(sources);
    const found = files
      .flatMap(importsOf)
      .filter(({ to }) => /^src\/(?!runrpc\/)|^gen\/(?!grpc\/|runrpc\/)/.test(to));
    assert.deepEqual(
      found.map(({ from, to }) => `${from} → ${to}`),
      [],
    );
    // By text as well: the path of a call.
    const packages = sources("proto/!(buf|grpc|runrpc)/v*/*.proto").map(({ path }) => path.split("/")[1]);
    const named = new RegExp(`/(?:${packages.join("|")})\\.v\\d+\\.\\w+/`);
    const naming = packages.length === 0 ? [] : files.filter(({ text }) => named.test(text));
    assert.deepEqual(
      naming.map(({ path }) => path),
      [],
    );
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
