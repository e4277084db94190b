import { type PlainAnswer, type PlainRoutes, textAnswer } from "../server/http/answers.ts";
import { createHostCheck } from "./allowed-hosts.ts";
import { createPageFiles, type PageFile, type PageFiles } from "./files.ts";

/** Where the page is. */
export const PAGE_PATH = "/_/";

/**
 * What a browser holds the page to: scripts and requests of its own origin alone, no text that becomes markup, no frame
 * around it, no trace of its address elsewhere.
 */
const SAFE = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Answers for the files of the page, to who asks for them by a name that this server goes by. */
export function createFileAnswers(hosts: readonly string[]): PlainRoutes {
  const isAllowed = createHostCheck(hosts);
  let files: PageFiles | undefined;
  return (httpMethod, path, { headers }) => {
    if (path !== "/_" && !path.startsWith(PAGE_PATH)) return undefined;
    if (!isAllowed(headers[":authority"] ?? headers.host)) return refusal(421, MISDIRECTED);
    if (httpMethod !== "GET" && httpMethod !== "HEAD")
      return refusal(405, "the page takes GET and HEAD", { allow: "GET, HEAD" });
    if (path === "/_") return refusal(308, `the page is at ${PAGE_PATH}`, { location: PAGE_PATH });
    files ??= createPageFiles();
    const file = files.get(path.slice(PAGE_PATH.length));
    if (file === undefined) return refusal(404, `the page has no file ${path.slice(0, 200)}`);
    return fileAnswer(file, headers["if-none-match"], headers["accept-encoding"]);
  };
}

const MISDIRECTED =
  "this server does not go by that name: web.hosts takes the names that its page is asked for by";

function fileAnswer(file: PageFile, known: string | undefined, accepted: unknown): PlainAnswer {
  // Checked again each time, so that a page is never older than its server.
  const headers = { ...SAFE, "cache-control": "no-cache", etag: file.etag, vary: "accept-encoding" };
  if (known === file.etag) return { status: 304, headers, body: "" };
  const typed = { ...headers, "content-type": file.type };
  return /\bgzip\b/.test(String(accepted ?? ""))
    ? { status: 200, headers: { ...typed, "content-encoding": "gzip" }, body: file.gzipped }
    : { status: 200, headers: typed, body: file.body };
}

function refusal(status: number, text: string, more: Readonly<Record<string, string>> = {}): PlainAnswer {
  return textAnswer(status, text, { ...SAFE, "cache-control": "no-store", ...more });
}
