import type { IncomingHttpHeaders } from "node:http";
import { cors as protocol } from "@connectrpc/connect";

/** Plain response headers, in lower case, for HTTP/1.1 and HTTP/2 alike. */
export type CorsHeaders = Readonly<Record<string, string>>;

/** What browsers are told about calls from web pages of other origins. */
export interface Cors {
  /** No origin is named: there is nothing to add to any response. */
  readonly isOff: boolean;
  /**
   * For the headers of an OPTIONS request: those of the answer (204, no body) when it is a preflight; undefined when
   * it is none, or when CORS is off. A preflight from an origin that is not named is answered without any
   * permission, which makes the browser refuse the call.
   */
  preflight(headers: IncomingHttpHeaders): CorsHeaders | undefined;
  /** The headers to add to the response of a call from this origin; to be added to error responses as well. */
  headersFor(origin: string | undefined): CorsHeaders;
}

export interface CorsOptions {
  /** Such as `https://app.example.com`, or `*` alone for all. Empty: CORS is off. */
  readonly origins: readonly string[];
  /** How long a browser may keep the answer to a preflight, in seconds. */
  readonly maxAgeSeconds: number;
  /** Request headers that pages may send, beside those of the protocols and of keys. Default: none. */
  readonly allowedHeaders?: readonly string[];
  /** Response headers that pages may read, beside those of the protocols. Default: none. */
  readonly exposedHeaders?: readonly string[];
  /** Browsers send cookies and client certificates along. Default: false. */
  readonly allowCredentials?: boolean;
}

const ALLOWED_HEADERS = [...protocol.allowedHeaders, "x-api-key", "authorization", "x-request-id"];
const EXPOSED_HEADERS = [
  ...protocol.exposedHeaders,
  "x-request-id",
  "retry-after",
  "www-authenticate",
  "allow",
  "accept-post",
];
const NOTHING: CorsHeaders = Object.freeze({});

/**
 * Makes the CORS rules (https://fetch.spec.whatwg.org/#http-cors-protocol). Keys travel in headers that the page sets, so
 * that `*` is safe as long as browsers send no credentials of their own along.
 *
 * @throws Error that names an origin which no browser would send, and what to write instead; a header that is none;
 *   credentials for all origins.
 */
export function createCors(options: CorsOptions): Cors {
  const {
    origins,
    maxAgeSeconds,
    allowedHeaders = [],
    exposedHeaders = [],
    allowCredentials = false,
  } = options;
  for (const origin of origins) checkOrigin(origin, origins);
  for (const name of [...allowedHeaders, ...exposedHeaders]) checkHeader(name, allowCredentials);
  if (origins.length === 0) return { isOff: true, preflight: () => undefined, headersFor: () => NOTHING };
  const isOpen = origins.includes("*");
  if (isOpen && allowCredentials)
    throw new Error('credentials go to origins by name: "*" would let every page call as its visitor');
  // The answer differs by origin, so a cache must keep one for each; named to strangers, too.
  const strangers: CorsHeaders = isOpen ? NOTHING : Object.freeze({ vary: "Origin" });
  const credentials: CorsHeaders = allowCredentials
    ? { "access-control-allow-credentials": "true" }
    : NOTHING;
  const exposed = list(EXPOSED_HEADERS, exposedHeaders);
  const calls = new Map(
    origins.map((origin) => [origin, callHeaders(origin, exposed, { ...strangers, ...credentials })]),
  );
  const permissions: CorsHeaders = {
    ...credentials,
    "access-control-allow-methods": protocol.allowedMethods.join(", "),
    "access-control-allow-headers": list(ALLOWED_HEADERS, allowedHeaders),
    "access-control-max-age": String(maxAgeSeconds),
  };
  const allowOrigin = (origin: string | undefined) =>
    origin === undefined ? undefined : calls.get(isOpen ? "*" : origin);

  return {
    isOff: false,
    preflight({ origin, "access-control-request-method": wanted }) {
      if (origin === undefined || wanted === undefined) return undefined;
      const allowed = allowOrigin(origin)?.["access-control-allow-origin"];
      if (allowed === undefined) return strangers;
      return { ...strangers, "access-control-allow-origin": allowed, ...permissions };
    },
    headersFor: (origin) => allowOrigin(origin) ?? strangers,
  };
}

function callHeaders(origin: string, exposed: string, others: CorsHeaders): CorsHeaders {
  return Object.freeze({
    ...others,
    "access-control-allow-origin": origin,
    "access-control-expose-headers": exposed,
  });
}

/** Browsers compare the names of headers in lower case. */
function list(ours: readonly string[], theirs: readonly string[]): string {
  return [...new Set([...ours, ...theirs].map((name) => name.toLowerCase()))].join(", ");
}

function checkHeader(name: string, allowCredentials: boolean): void {
  const named = `the CORS header ${JSON.stringify(name.slice(0, 100))}`;
  if (name === "*" && allowCredentials)
    throw new Error(`${named} is a name like others to a browser that sends credentials: name each header`);
  // A token (RFC 9110, 5.1).
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw new Error(`${named} is not the name of a header`);
}

function checkOrigin(origin: string, all: readonly string[]): void {
  const named = `the CORS origin ${JSON.stringify(origin.slice(0, 100))}`;
  if (origin === "*") {
    if (all.length > 1) throw new Error(`${named} covers all others: name it alone`);
    return;
  }
  if (origin === "null") throw new Error(`${named} stands for any sandboxed page: name real origins`);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(origin)) {
    throw new Error(`${named} has no scheme: write "https://${hostOf(origin)}"`);
  }
  if (origin.includes("*"))
    throw new Error(`${named} has a * within: name each origin, or "*" alone for all`);
  if (!URL.canParse(origin)) throw new Error(`${named} is not a scheme, a host and perhaps a port`);
  const url = new URL(origin);
  // Of schemes such as capacitor: the URL has no origin; browsers send scheme and host.
  const sent = url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
  if (sent !== origin) throw new Error(`${named} is not what a browser sends: write "${sent}"`);
}

function hostOf(text: string): string {
  return text.replace(/^\/+/, "").split("/", 1).join("");
}
