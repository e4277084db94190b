import { BUFBUILD, CLOSEST, CODECS, CONNECT, NEEDS, NODE, OWN_CONTRACTS, TEXT_FILES, URLS } from "./names.ts";
import type { Rule } from "./rule.ts";

const CLIENT = /^src\/runrpc\/client\//;
/** What stands in backticks in a file of scaffold/templates. */
const IN_TEMPLATES =
  /^(node:[\w/]+|drizzle-orm(\/sqlite-core)?|@bufbuild\/protobuf(\/wkt)?|runrpc(\/\w+)?|\$\{.*|.*\$\{.*|src\/runrpc\/scaffold\/templates\/table\.ts)$/;

/** The rest of the package. Its faces hold nothing of their own. */
export const packageRules: readonly Rule[] = [
  {
    files: "src/runrpc/{index,query,worker,codec}.ts",
    why: "a face of the package holds nothing of its own",
    allowed: [/^src\/runrpc\//],
  },
  { files: "src/runrpc/tune.ts", why: "it sets flags of Node", allowed: [NODE] },
  { files: "src/runrpc/signals.ts", why: "it is about the signals of a process", allowed: [NODE] },
  {
    files: "src/runrpc/printable.ts",
    why: "every room that shows texts of strangers on a terminal uses it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/closest.ts",
    why: "every room that refuses a name uses it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/line.ts",
    why: "the store and the threads keep what waits in it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/option-names.ts",
    why: "every room that takes options uses it, so that it uses none",
    allowed: [CLOSEST],
  },
  {
    files: "src/runrpc/unmet-need.ts",
    why: "configuration and server refuse the same settings, so that it knows neither",
    allowed: [BUFBUILD, OWN_CONTRACTS],
  },
  {
    files: "src/runrpc/monotonic.ts",
    why: "every room that talks of a time to another thread uses it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/parse-json.ts",
    why: "lanes and the store use it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/url.ts",
    why: "every room that reads or shows a URL uses it, so that it uses none",
    allowed: [],
  },
  {
    files: "src/runrpc/read-text-file.ts",
    why: "every room that is given the name of a file uses it, so that it uses none",
    allowed: [NODE],
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
      /^src\/runrpc\/(app|config|data|debug|log|metrics|monitor|platform|server|traces|web|workers)\//,
      /^src\/runrpc\/streams\/wakeup\.ts$/,
      /^src\/runrpc\/tune\.ts$/,
      CLOSEST,
      URLS,
    ],
  },
  {
    files: "src/runrpc/workers/*.ts",
    why: "it knows processes and sockets, and nothing of what the workers serve",
    allowed: [NODE, /^src\/runrpc\/workers\//, /^src\/runrpc\/server\/listener\/bind\.ts$/],
    types: [/^src\/runrpc\/server\/(log|listener\/handed)\.ts$/],
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
    allowed: [CONNECT, BUFBUILD, /^gen\/google\//, CLIENT, CLOSEST],
  },

  {
    files: "src/runrpc/{paging,streams,values}/*.ts",
    why: "services are written with it, so that it knows no room of the package",
    allowed: [CONNECT, BUFBUILD],
  },

  {
    files: "src/runrpc/log/*.ts",
    why: "the log knows lines and their formats, and of the server what a record is",
    allowed: [NODE, /^pino$/, /^src\/runrpc\/log\//, /^src\/runrpc\/(server\/bounded-text|printable)\.ts$/],
    types: [/^gen\/runrpc\//, /^src\/runrpc\/server\/(log|call\/record)\.ts$/],
  },
  {
    files: "src/runrpc/config/*.ts",
    why: "the configuration knows its schema, the file and the environment",
    allowed: [
      NODE,
      BUFBUILD,
      /^yaml$/,
      /^gen\/runrpc\//,
      /^src\/runrpc\/config\//,
      CLOSEST,
      NEEDS,
      TEXT_FILES,
      URLS,
    ],
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
      /^src\/runrpc\/(cli|config|app|contracts|scaffold)\//,
      CLIENT,
      CLOSEST,
      URLS,
      /^src\/runrpc\/(signals|printable)\.ts$/,
    ],
    types: [/^src\/runrpc\/platform\/keys\/admin\.ts$/],
  },
];
