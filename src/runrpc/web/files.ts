import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { documentOf } from "./document.ts";

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
  readonly gzipped: Uint8Array;
  readonly etag: string;
}

/** The sources of a clone are TypeScript; a published package has what tsc made of them. */
const SCRIPT = extname(import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  [SCRIPT]: "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The last one is for narrow screens, and changes what the others say. */
const STYLES = [
  "base.css",
  "frame.css",
  "method.css",
  "form.css",
  "call.css",
  "report.css",
  "watch.css",
  "keys.css",
  "log.css",
  "narrow.css",
];

/** Views that are loaded when somebody opens them. */
const LATER = /^(watch|keys|log)\//;

/**
 * Reads the files of the page, by path below `/_/`; the document's path is empty. It is made of the browser's own modules,
 * so that a clone has nothing to build and a package nothing to bundle.
 */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL("./page/", import.meta.url);
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => extname(path) in TYPES && !path.endsWith(".d.ts"))
    .sort();
  const files = new Map(
    paths.map((path) => {
      const text = readFileSync(new URL(path, folder), "utf8");
      return [path, fileOf(TYPES[extname(path)] ?? "", path.endsWith(".ts") ? plainScript(text) : text)];
    }),
  );
  const scripts = paths.filter((path) => path.endsWith(SCRIPT) && !LATER.test(path));
  const document = documentOf({ scripts, styles: STYLES, main: `main${SCRIPT}` });
  files.set("", fileOf("text/html; charset=utf-8", document));
  return files;
}

function fileOf(type: string, text: string): PageFile {
  const body = Buffer.from(text);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { type, body, gzipped: gzipSync(body, { level: 9 }), etag };
}

/** Node warns once in a process that this function may change, which concerns nobody who reads the output of a server. */
function plainScript(text: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}
