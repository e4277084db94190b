import { JSON_READER, LINE, NODE, URLS } from "./names.ts";
import type { Rule } from "./rule.ts";

const QUERY_ROOM = /^src\/runrpc\/data\/(query|define-queries|insert-rows|remove-owned)\.ts$/;

/** The store, and the tables of the platform. */
export const storeRules: readonly Rule[] = [
  {
    files: "src/runrpc/data/!(open-store|open-shared-writer|maintenance).ts",
    why: "what both kinds of database share knows neither, no table and no RPC",
    allowed: [NODE, /^drizzle-orm(\/|$)/, /^src\/runrpc\/data\/[^/]+$/, LINE, URLS],
  },
  {
    files: "src/runrpc/data/{open-store,open-shared-writer,maintenance}.ts",
    why: "it knows which kinds of database there are",
    allowed: [
      /^src\/runrpc\/data\/([^/]+|\w+\/(open-store|store-options|migrate|doctor|backup|own-database|copy-database|shared-writer\/open-shared-writer)\.ts)$/,
    ],
  },
  {
    files: "src/runrpc/data/sqlite/{*,shared-writer/*}.ts",
    why: "the store knows databases and threads, no table and no RPC",
    allowed: [NODE, /^drizzle-orm(\/|$)/, /^better-sqlite3$/, /^src\/runrpc\/data\/(sqlite\/|[^/]+$)/],
  },
  {
    files: "src/runrpc/data/postgres/*.ts",
    why: "the store knows databases, no table and no RPC",
    allowed: [NODE, /^drizzle-orm(\/|$)/, /^pg$/, /^src\/runrpc\/data\/(postgres\/|[^/]+$)/, URLS],
  },
  {
    files: "src/runrpc/data/copy/*.ts",
    why: "a copy knows both kinds of database, no table and no RPC",
    allowed: [
      NODE,
      /^better-sqlite3$/,
      /^pg$/,
      /^src\/runrpc\/data\//,
      JSON_READER,
      /^src\/runrpc\/printable\.ts$/,
    ],
  },

  {
    files: "src/runrpc/platform/*/{queries,read-keys,remove-keys}.ts",
    why: "queries run in a worker thread, where there is drizzle and the table",
    allowed: [/^drizzle-orm$/, QUERY_ROOM, /^src\/runrpc\/platform\/{own}\/(table|row|read-keys)\.ts$/],
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
    files: "src/runrpc/platform/*/!(queries|table|row|read-keys|remove-keys).ts",
    why: "the platform satisfies two interfaces of the server over queries that are handed in",
    allowed: [
      /^src\/runrpc\/(server\/auth\/format|values\/read-row)\.ts$/,
      /^src\/runrpc\/platform\/{own}\/(?!queries|table)/,
    ],
    types: [
      /^src\/runrpc\/server\/(log|call\/record|auth\/key-store)\.ts$/,
      /^src\/runrpc\/data\/chore\.ts$/,
      /^src\/runrpc\/platform\/{own}\/(queries|read-keys)\.ts$/,
    ],
  },
  {
    files: "src/runrpc/platform/*.ts",
    why: "it tells the store of the platform's tables",
    allowed: [/^drizzle-kit$/, /^src\/runrpc\/(data|platform)\//],
  },
];
