import {
  BUFBUILD,
  CLOSEST,
  CODECS,
  CONNECT,
  JSON_READER,
  LINE,
  MONOTONIC,
  NEEDS,
  NODE,
  OWN_CONTRACTS,
  SERVER,
  TEXT_FILES,
} from "./names.ts";
import type { Rule } from "./rule.ts";

/** The runtime: server, codecs, threads, debug mode, metrics, traces and the monitor. */
export const runtimeRules: readonly Rule[] = [
  {
    files: "src/runrpc/server/onlookers.ts",
    why: "debug mode, metrics and traces are loaded where they are asked for",
    allowed: [SERVER, /^src\/runrpc\/(debug\/debug|metrics\/metrics|traces\/traces)\.ts$/],
  },
  {
    files: "src/runrpc/server/{!(onlookers),{call,routes,builtin,http,json,limits,requests}/*}.ts",
    why: "the runtime knows no service, no table and no database: what it needs of them are interfaces that it declares",
    allowed: [CODECS, NODE, CONNECT, BUFBUILD, OWN_CONTRACTS, SERVER, CLOSEST, NEEDS],
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
    files: "src/runrpc/codec/excess/*.ts",
    why: "it reads bytes as codecs do, and of a schema its rules of sizes",
    allowed: [BUFBUILD, /^src\/runrpc\/codec\/(bail|reader)\.ts$/, /^src\/runrpc\/codec\/excess\//],
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
      /^src\/runrpc\/server\/(listener\/|patient-timeout\.ts$)/,
      /^src\/runrpc\/server\/http2\/(engine|options|stream)\.ts$/,
      TEXT_FILES,
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
    allowed: [NODE, CONNECT, /^@connectrpc\/connect-node$/, BUFBUILD, SERVER, JSON_READER],
  },
  {
    files: "src/runrpc/server/lanes/fast/*.ts",
    why: "the fast lane reads and writes the protocols itself",
    allowed: [CODECS, NODE, CONNECT, BUFBUILD, SERVER, JSON_READER],
  },

  {
    files: "src/runrpc/threads/*.ts",
    why: "threads run what the routes of a server call, and their handlers may ask the store",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      CODECS,
      SERVER,
      LINE,
      CLOSEST,
      MONOTONIC,
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
      /^src\/runrpc\/data\/(around-queries|heard-promise)\.ts$/,
      /^src\/runrpc\/workers\/peers\.ts$/,
    ],
  },
  {
    files: "src/runrpc/metrics/*.ts",
    why: "metrics count calls through what the server declares, and queries by their names",
    allowed: [
      NODE,
      CONNECT,
      SERVER,
      /^src\/runrpc\/metrics\//,
      /^src\/runrpc\/data\/(around-queries|data-error)\.ts$/,
    ],
    types: [/^src\/runrpc\/(data\/store|platform\/request-log\/writer)\.ts$/],
  },
  {
    files: "src/runrpc/traces/*.ts",
    why: "traces follow calls through what the server declares, and queries by their names; the API of OpenTelemetry is loaded where it is there",
    allowed: [
      SERVER,
      /^src\/runrpc\/traces\//,
      /^src\/runrpc\/data\/(around-queries|data-error)\.ts$/,
      /^@opentelemetry\/api$/,
    ],
    types: [NODE, OWN_CONTRACTS],
  },
  {
    files: "src/runrpc/monitor/*.ts",
    why: "the monitor tells what the server, the store and the platform say of themselves",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      OWN_CONTRACTS,
      SERVER,
      /^src\/runrpc\/(contracts|monitor|paging|values)\//,
    ],
    types: [
      /^src\/runrpc\/workers\/peers\.ts$/,
      /^src\/runrpc\/data\/store\.ts$/,
      /^src\/runrpc\/platform\/(request-log\/(queries|writer)|keys\/admin)\.ts$/,
    ],
  },
  {
    files: "src/runrpc/debug/watchdog/*.ts",
    why: "the watchdog knows threads and an inspector, and nothing of calls",
    allowed: [NODE, MONOTONIC, /^src\/runrpc\/debug\/(watchdog\/|place\.ts$)/],
  },
];
