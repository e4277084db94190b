import { BUFBUILD, CONNECT } from "./names.ts";
import type { Rule } from "./rule.ts";

/** The app, and generated code. The app depends on the package by its public names, as every project does. */
export const appRules: readonly Rule[] = [
  {
    files: "gen/**/*.ts",
    why: "generated code knows protobuf's runtime, what its codecs call, the rules of validation and other contracts",
    allowed: [/^@bufbuild\/protobuf(\/|$)/, /^@bufbuild\/protovalidate\/gen\//, /^gen\//, /^runrpc\/codec$/],
  },

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
      /^node:(crypto|zlib)$/,
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
];
