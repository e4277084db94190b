import { BUFBUILD, CONNECT, NODE, OWN_CONTRACTS, SERVER } from "./names.ts";
import type { Rule } from "./rule.ts";

/** The page, in the server and in the browser. */
export const webRules: readonly Rule[] = [
  {
    files: "src/runrpc/contracts/*.ts",
    why: "it reads descriptors, for commands and for the page",
    allowed: [BUFBUILD],
  },
  {
    files: "src/runrpc/web/{*,bridge/*,follow/*}.ts",
    why: "the page is served beside calls, by what the server declares; what is for the browser it knows as types",
    allowed: [
      NODE,
      CONNECT,
      BUFBUILD,
      OWN_CONTRACTS,
      SERVER,
      /^src\/runrpc\/contracts\//,
      /^src\/runrpc\/data\/around-queries\.ts$/,
      /^src\/runrpc\/monitor\/ended-call\.ts$/,
      /^src\/runrpc\/web\/(?!page\/)/,
    ],
    types: [/^src\/runrpc\/web\/page\/schema\.ts$/, /^src\/runrpc\/workers\/peers\.ts$/],
  },
  {
    files: "src/runrpc/web/page/**/*.ts",
    why: "it runs in a browser, which loads it file by file: it knows nothing but itself",
    allowed: [/^src\/runrpc\/web\/page\//],
  },
];
