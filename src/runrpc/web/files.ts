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

const FOLDER = new URL("./page/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  [SCRIPT]: "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** All styles in one file: the page is painted when its styles are there. */
const STYLE = "page.css";

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

/** The files of the page, by path below `/_/`; the document's path is empty. */
export interface PageFiles {
  readonly paths: readonly string[];
  /** Undefined: there is no such file. */
  get(path: string): PageFile | undefined;
}

/**
 * Finds the files of the page. They are the browser's own modules, so that a clone has nothing to build and a package nothing to
 * bundle. Each is made when it is first asked for: all at once would hold the loop for 0.4 seconds.
 */
export function createPageFiles(): PageFiles {
  const paths = sourcePaths();
  const makers = new Map(
    paths.map((path) => [path, () => fileOf(TYPES[extname(path)] ?? "", served(path, read(path)))]),
  );
  makers.set(STYLE, () => fileOf("text/css; charset=utf-8", STYLES.map(read).join("\n")));
  makers.set("", () => {
    const scripts = paths.filter((path) => path.endsWith(SCRIPT) && !LATER.test(path));
    return fileOf("text/html; charset=utf-8", documentOf({ scripts, style: STYLE, main: `main${SCRIPT}` }));
  });
  const made = new Map<string, PageFile>();
  return {
    paths: [...makers.keys()],
    get(path) {
      const known = made.get(path);
      if (known !== undefined) return known;
      const file = makers.get(path)?.();
      if (file !== undefined) made.set(path, file);
      return file;
    },
  };
}

/** A digest of all the files: a server with other ones has another page. */
export function digestOfPage(): string {
  return digestOf([...sourcePaths(), ...STYLES].map((path) => `${path}\n${read(path)}`).join("\n"));
}

/** 128 bits of SHA-256, as text. */
export function digestOf(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("base64url").slice(0, 22);
}

/** Scripts and pictures, by path below the folder. */
function sourcePaths(): readonly string[] {
  return readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => extname(path) in TYPES && !path.endsWith(".d.ts"))
    .sort();
}

function read(path: string): string {
  return readFileSync(new URL(path, FOLDER), "utf8");
}

function served(path: string, text: string): string {
  return path.endsWith(".ts") ? plainScript(text) : text;
}

function fileOf(type: string, text: string): PageFile {
  const body = Buffer.from(text);
  return { type, body, gzipped: gzipSync(body, { level: 9 }), etag: `"${digestOf(body)}"` };
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
