import type { IncomingHttpHeaders } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Authenticator } from "../auth/authenticate.ts";
import { isLoopback } from "../auth/peer.ts";
import { coversScope } from "../auth/principal.ts";
import { type PlainAnswer, type PlainRequest, type PlainRoutes, textAnswer } from "../http/answers.ts";
import { isForwarded } from "../http/forwarded.ts";
import { hostNameOf } from "../http/host-name.ts";

/** Where metrics are read, as every scraper expects it. */
export const METRICS_PATH = "/metrics";

/** What a key needs, one of these. The first is for scrapers, which need no more. */
const SCOPES = ["metrics.read", "admin"] as const;

/** What the page of metrics is made of. */
export interface MetricsPageOptions {
  readonly exposition: () => string | Promise<string>;
  /** Undefined: every caller may do everything. */
  readonly authenticator: Authenticator | undefined;
  /** Nobody needs a key. */
  readonly isOpen: boolean;
  /** Callers on this machine need a key as well. */
  readonly production: boolean;
}

/** The page on the server's own port. It is asked about GET, HEAD and OPTIONS, and answers the first two. */
export function createMetricsPage(options: MetricsPageOptions): PlainRoutes {
  const { exposition } = options;
  return (httpMethod, path, request) => {
    if (path !== METRICS_PATH) return undefined;
    if (httpMethod !== "GET" && httpMethod !== "HEAD") return methodRefusal(httpMethod);
    return admit(options, request)
      .then(() => metricsAnswer(exposition, request.headers))
      .catch(refusalFrom);
  };
}

/** The answer with all metrics, compressed where the client takes that. */
export async function metricsAnswer(
  exposition: () => string | Promise<string>,
  headers: IncomingHttpHeaders,
): Promise<PlainAnswer> {
  const text = await exposition();
  const answer = {
    status: 200,
    headers: {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
      vary: "accept-encoding",
    },
    body: text,
  };
  if (!takesGzip(headers["accept-encoding"])) return answer;
  return {
    ...answer,
    headers: { ...answer.headers, "content-encoding": "gzip" },
    body: await compress(text, { level: 1 }),
  };
}

const compress = promisify(gzip);

function takesGzip(accepted: string | string[] | undefined): boolean {
  return String(accepted ?? "")
    .split(",")
    .some((part) => /^\s*gzip\s*(;\s*q=(0\.\d*[1-9]\d*|1(\.0*)?)\s*)?$/i.test(part));
}

function methodRefusal(httpMethod: string): PlainAnswer {
  const allow = "GET, HEAD";
  return textAnswer(405, `${METRICS_PATH} takes ${allow}, and not ${httpMethod.slice(0, 32)}`, {
    allow,
    "cache-control": "no-store",
  });
}

/** @throws ConnectError (a promise that rejects with it) as the gate does for a call that asks for these scopes. */
async function admit(
  { authenticator, isOpen, production }: MetricsPageOptions,
  { headers, peer, origin }: PlainRequest,
): Promise<void> {
  if (isOpen || authenticator === undefined) return;
  const principal = await authenticator.authenticate(headers, peer, {
    head: { headers, peer, origin, requestId: "", route: undefined },
    onCancel: () => nothing,
  });
  if (principal === undefined) {
    if (!production && isLocal(headers, peer)) return;
    throw new ConnectError(
      `${METRICS_PATH} needs ${authenticator.wanted}, with the scope ${SCOPES[0]}`,
      Code.Unauthenticated,
    );
  }
  if (SCOPES.some((scope) => coversScope(principal.scopes, scope))) return;
  throw new ConnectError(
    `the ${authenticator.noun} ${principal.keyId} lacks the scope ${SCOPES[0]}`,
    Code.PermissionDenied,
  );
}

/** Whether a request comes from this machine, by no proxy, and to a name of it. */
function isLocal(headers: IncomingHttpHeaders, peer: string): boolean {
  const host = hostNameOf(headers[":authority"] ?? headers.host);
  return isLoopback(peer) && !isForwarded(headers) && (host === "localhost" || isLoopback(host));
}

const STATUSES: Readonly<Partial<Record<Code, number>>> = {
  [Code.Unauthenticated]: 401,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.Unavailable]: 503,
};

function refusalFrom(reason: unknown): PlainAnswer {
  const status = reason instanceof ConnectError ? STATUSES[reason.code] : undefined;
  if (status === undefined) return textAnswer(500, "internal error");
  const { rawMessage, metadata } = ConnectError.from(reason);
  const retryAfter = metadata.get("retry-after");
  return textAnswer(status, rawMessage, {
    "cache-control": "no-store",
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(retryAfter === null ? {} : { "retry-after": retryAfter }),
  });
}

function nothing(): void {}
