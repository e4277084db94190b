import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Import, importsOf, sources } from "./source.ts";

/** Who may import whom. `{own}` stands for the folder that the file is in. */
interface Rule {
  readonly files: string;
  /** The end of a sentence that is told to who breaks it. */
  readonly why: string;
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
/** What the room of codecs is asked for. */
const CODECS = /^src\/runrpc\/codec\/(codecs|message-codec)\.ts$/;
const QUERY_ROOM = /^src\/runrpc\/data\/(query|define-queries|insert-rows|remove-owned)\.ts$/;

const rules: readonly Rule[] = [
  {
    files: "gen/**/*.ts",
    why: "generated code knows protobuf's runtime, what its codecs call, the rules of validation and other contracts",
    allowed: [/^@bufbuild\/protobuf(\/|$)/, /^@bufbuild\/protovalidate\/gen\//, /^gen\//, /^runrpc\/codec$/],
  },

  // THE APP. It depends on the package by its public names, as every project does.
  {
    files: "src/main.ts",
    why: "the application depends on the package by its public name alone, as every project does",
    allowed: [/^runrpc$/, /^gen\//, /^src\/services\//],
    types: [/^src\/worker\.ts$/],
  },
  {
    files: "src/worker.ts",
    why: "a worker is started by the package and serves the application's queries, and nothing else",
    allowed: [/^runrpc\/worker$/, /^src\/services\/queries\.ts$/],
  },
  {
    files: "src/services/queries.ts",
    why: "it lists the queries of the services",
    allowed: [/^src\/services\/[^/]+\/queries\.ts$/],
  },
  {
    files: "src/services/schema.ts",
    why: "it lists the tables of the services",
    allowed: [/^src\/services\/[^/]+\/table\.ts$/],
  },
  {
    files: "src/services/drizzle.config.ts",
    why: "drizzle-kit reads it by itself",
    allowed: [/^drizzle-kit$/],
  },
  {
    files: "src/services/*/!(queries|table|row).ts",
    why: "a service knows its contract, the package and its own folder: what it needs of another service is handed in by main.ts, and the database is behind its queries",
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
  {
    files: "src/services/*/queries.ts",
    why: "queries run in a worker thread, where there is drizzle and the tables",
    allowed: [
      /^drizzle-orm$/,
      /^runrpc\/query$/,
      /^src\/services\/{own}\/(table|row)\.ts$/,
      // What somebody owns is in all tables that refer to it.
      /^src\/services\/schema\.ts$/,
    ],
    types: [/^gen\/{own}\//],
  },
  {
    files: "src/services/*/row.ts",
    why: "a row travels between the threads: both sides know it, so that it knows neither",
    allowed: [],
    types: [/^runrpc\/query$/, /^gen\/{own}\//],
  },
  {
    files: "src/services/*/table.ts",
    why: "a table knows drizzle, and the table that its foreign keys point to",
    allowed: [/^drizzle-orm\/sqlite-core$/, /^src\/services\/[^/]+\/table\.ts$/],
    types: [/^gen\/{own}\//],
  },

  // THE PACKAGE. Its faces hold nothing of their own.
  {
    files: "src/runrpc/{index,query,worker,codec}.ts",
    why: "a face of the package holds nothing of its own",
    allowed: [/^src\/runrpc\//],
  },
  { files: "src/runrpc/tune.ts", why: "it sets flags of Node", allowed: [NODE] },
  { files: "src/runrpc/signals.ts", why: "it is about the signals of a process", allowed: [NODE] },
  {
    files: "src/runrpc/closest.ts",
    why: "every room that refuses a name uses it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/app/*.ts",
    why: "it joins configuration, store, platform and server, and is joined by nobody but the commands and tests",
    allowed: [
      CODECS,
      NODE,
      CONNECT,
      BUFBUILD,
      OWN_CONTRACTS,
      /^src\/runrpc\/(app|config|data|debug|log|platform|server)\//,
      /^src\/runrpc\/tune\.ts$/,
      CLOSEST,
    ],
  },

  {
    files: "src/runrpc/server/server.ts",
    why: "the server is made of the runtime's rooms; debug mode is loaded where it is asked for",
    allowed: [
      CODECS,
      NODE,
      CONNECT,
      BUFBUILD,
      OWN_CONTRACTS,
      SERVER,
      CLOSEST,
      /^src\/runrpc\/debug\/debug\.ts$/,
    ],
  },
  {
    files: "src/runrpc/server/{!(server),{call,routes,builtin,http,json,limits}/*}.ts",
    why: "the runtime knows no service, no table and no database: what it needs of them are interfaces that it declares",
    allowed: [CODECS, NODE, CONNECT, BUFBUILD, OWN_CONTRACTS, SERVER, CLOSEST],
  },
  {
    files: "src/runrpc/server/auth/*.ts",
    why: "the runtime knows no database: keys come from a KeyStore, which it declares",
    allowed: [NODE, CONNECT, SERVER],
  },
  {
    files: "src/runrpc/codec/*.ts",
    why: "codecs know messages and bytes, and nothing of calls",
    allowed: [/^node:(buffer|crypto|os)$/, BUFBUILD, /^src\/runrpc\/codec\/[^/]+$/],
  },
  {
    files: "src/runrpc/codec/plugin/*.ts",
    why: "what writes codecs is a command of its own",
    allowed: [NODE, BUFBUILD, /^src\/runrpc\/codec\/(plugin\/|shape\.ts$)/],
  },
  {
    files: "src/runrpc/server/listener/*.ts",
    why: "the listener knows sockets and HTTP, and nothing of calls",
    allowed: [
      NODE,
      /^src\/runrpc\/server\/listener\//,
      /^src\/runrpc\/server\/http2\/(engine|options|stream)\.ts$/,
    ],
  },
  {
    files: "src/runrpc/server/http2/**/*.ts",
    why: "the engine knows HTTP/2, and nothing of the server that it is a part of",
    allowed: [NODE, /^src\/runrpc\/server\/http2\//],
  },
  {
    files: "src/runrpc/server/lanes/{*,stock/*}.ts",
    why: "a lane is part of the runtime; the stock one alone is made of connect-node",
    allowed: [NODE, CONNECT, /^@connectrpc\/connect-node$/, BUFBUILD, SERVER],
  },
  {
    files: "src/runrpc/server/lanes/fast/*.ts",
    why: "the fast lane reads and writes the protocols itself",
    allowed: [CODECS, NODE, CONNECT, BUFBUILD, SERVER],
  },

  {
    files: "src/runrpc/data/!(open-store).ts",
    why: "what both kinds of database share knows neither, no table and no RPC",
    allowed: [NODE, /^drizzle-orm(\/|$)/, /^src\/runrpc\/data\/[^/]+$/],
  },
  {
    files: "src/runrpc/data/open-store.ts",
    why: "it knows which kinds of database there are",
    allowed: [/^src\/runrpc\/data\/([^/]+|\w+\/(open-store|store-options)\.ts)$/],
  },
  {
    files: "src/runrpc/data/sqlite/*.ts",
    why: "the store knows databases and threads, no table and no RPC",
    allowed: [NODE, /^drizzle-orm(\/|$)/, /^better-sqlite3$/, /^src\/runrpc\/data\/(sqlite\/|[^/]+$)/],
  },

  {
    files: "src/runrpc/threads/*.ts",
    why: "threads run what the routes of a server call, and their handlers may ask the store",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      SERVER,
      /^src\/runrpc\/threads\//,
      /^src\/runrpc\/data\/data-error\.ts$/,
    ],
  },
  {
    files: "src/runrpc/debug/*.ts",
    why: "debug mode looks at calls through what the server declares, and at queries by whether somebody awaits them",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      OWN_CONTRACTS,
      SERVER,
      /^src\/runrpc\/debug\//,
      /^src\/runrpc\/data\/heard-promise\.ts$/,
    ],
  },
  {
    files: "src/runrpc/debug/watchdog/*.ts",
    why: "the watchdog knows threads and an inspector, and nothing of calls",
    allowed: [NODE, /^src\/runrpc\/debug\/(watchdog\/|place\.ts$)/],
  },
  {
    files: "src/runrpc/platform/*/{queries,remove-keys}.ts",
    why: "queries run in a worker thread, where there is drizzle and the table",
    allowed: [/^drizzle-orm$/, QUERY_ROOM, /^src\/runrpc\/platform\/{own}\/(table|row)\.ts$/],
    types: [/^src\/runrpc\/data\/store\.ts$/],
  },
  {
    files: "src/runrpc/platform/*/row.ts",
    why: "a row travels between the threads: both sides know it, so that it knows neither",
    allowed: [],
    types: [/^src\/runrpc\/(data\/insert-rows|server\/call\/record)\.ts$/],
  },
  {
    files: "src/runrpc/platform/*/table.ts",
    why: "a table knows drizzle alone",
    allowed: [/^drizzle-orm\/sqlite-core$/],
  },
  {
    files: "src/runrpc/platform/*/!(queries|table|row|remove-keys).ts",
    why: "the platform satisfies two interfaces of the server over queries that are handed in",
    allowed: [/^src\/runrpc\/server\/auth\/format\.ts$/, /^src\/runrpc\/platform\/{own}\/(?!queries|table)/],
    types: [
      /^src\/runrpc\/server\/(log|call\/record|auth\/key-store)\.ts$/,
      /^src\/runrpc\/data\/chore\.ts$/,
      /^src\/runrpc\/platform\/{own}\/queries\.ts$/,
    ],
  },
  {
    files: "src/runrpc/platform/*.ts",
    why: "it tells the store of the platform's tables",
    allowed: [/^drizzle-kit$/, /^src\/runrpc\/(data|platform)\//],
  },

  {
    files: "src/runrpc/testing{.ts,/*.ts}",
    why: "tests of an application start all of the package",
    allowed: [NODE, CONNECT, BUFBUILD, OWN_CONTRACTS, /^src\/runrpc\//],
  },
  {
    files: "src/runrpc/scaffold/*.ts",
    why: "text in, text out: it knows no file and no process",
    allowed: [/^node:(util|crypto)$/, /^src\/runrpc\/scaffold\/[^/]+$/],
  },
  {
    files: "src/runrpc/scaffold/templates/*.ts",
    why: "a template imports the names of a service; what else it seems to import is in its text",
    allowed: [/^src\/runrpc\/scaffold\/service-names\.ts$/, IN_TEMPLATES],
  },
  {
    files: "src/runrpc/scaffold/project/*.ts",
    why: "it reads and writes a project's files by the project's own compiler, which is loaded when it is needed",
    allowed: [NODE, BUFBUILD, /^yaml$/, CLOSEST, /^src\/runrpc\/scaffold\//],
    types: [/^typescript\/unstable\//],
  },
  {
    files: "src/runrpc/client.ts",
    why: "the client knows Connect's transports, and nothing of the server",
    allowed: [CONNECT, /^@connectrpc\/connect-node$/, BUFBUILD, CLIENT],
  },
  {
    files: "src/runrpc/client.browser.ts",
    why: "a browser has connect-web, and no node: built-in",
    allowed: [CONNECT, /^@connectrpc\/connect-web$/, BUFBUILD, CLIENT],
  },
  {
    files: "src/runrpc/client/*.ts",
    why: "the client knows Connect, and nothing of the server; Node's and the browser's share it",
    allowed: [CONNECT, BUFBUILD, /^gen\/google\//, CLIENT],
  },

  {
    files: "src/runrpc/{paging,streams,values}/*.ts",
    why: "services are written with it, so that it knows no room of the package",
    allowed: [CONNECT, BUFBUILD],
  },

  {
    files: "src/runrpc/log/*.ts",
    why: "the log knows lines and their formats, and of the server what a record is",
    allowed: [NODE, /^pino$/, /^src\/runrpc\/log\//, /^src\/runrpc\/server\/bounded-text\.ts$/],
    types: [/^gen\/runrpc\//, /^src\/runrpc\/server\/(log|call\/record)\.ts$/],
  },
  {
    files: "src/runrpc/config/*.ts",
    why: "the configuration knows its schema, the file and the environment",
    allowed: [NODE, BUFBUILD, /^yaml$/, /^gen\/runrpc\//, /^src\/runrpc\/config\//, CLOSEST],
  },
  {
    files: "src/runrpc/cli/**/*.ts",
    why: "the commands reach the rest through app/",
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
      /^src\/runrpc\/signals\.ts$/,
    ],
    types: [/^src\/runrpc\/platform\/keys\/admin\.ts$/],
  },
];

function isAllowed({ from, to, isType }: Import, { allowed, types = [] }: Rule): boolean {
  const own = from.split("/").at(-2) ?? "";
  const patterns = isType ? [...allowed, ...types] : allowed;
  return patterns.some(({ source }) => new RegExp(source.replace("{own}", own)).test(to));
}

/** What is told to who broke a rule. */
function sentenceOf({ from, to, isType }: Import, { why, allowed, types = [] }: Rule): string {
  const mayBeType = !isType && isAllowed({ from, to, isType: true }, { files: "", why, allowed, types });
  const way = mayBeType ? " It may as a type: `import type`." : "";
  return `${from} may not import ${to}: ${why}.${way}`;
}

describe("who may import whom", () => {
  for (const rule of rules) {
    it(rule.files, () => {
      const files = sources(rule.files);
      // Which services there are, and what they are made of, is the app's.
      if (!rule.files.startsWith("src/services/*/"))
        assert.notEqual(files.length, 0, "no file is under this rule");
      const broken = files.flatMap(importsOf).filter((found) => !isAllowed(found, rule));
      assert.ok(broken.length === 0, broken.map((found) => sentenceOf(found, rule)).join("\n"));
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
