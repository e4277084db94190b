import { type PlainAnswer, type PlainRoutes, textAnswer } from "../http/answers.ts";

/** How long `/readyz` waits for the health check, in milliseconds. */
const READY_TIMEOUT_MS = 3_000;

const ALLOWED = "GET, HEAD, OPTIONS";

const PATHS: ReadonlySet<string> = new Set(["/healthz", "/healthz/", "/readyz", "/readyz/"]);

/** Whether a probe is asked for: such a request needs no host. */
export function isProbe(path: string): boolean {
  return PATHS.has(path);
}

/**
 * The two plain probes of an orchestrator. `/healthz` says that the process answers; `/readyz` that it should get
 * calls, which is over as soon as it drains or its database does not answer. OPTIONS is answered alike, because haproxy's
 * `option httpchk /readyz` asks that way; a slash at the end changes nothing.
 */
export function createProbes(isReady: (signal: AbortSignal) => Promise<boolean>): PlainRoutes {
  return (httpMethod, path) => {
    switch (path) {
      case "/healthz":
      case "/healthz/":
        return takes(httpMethod) ? probeAnswer(200, "ok") : probeRefusal(httpMethod);
      case "/readyz":
      case "/readyz/":
        if (!takes(httpMethod)) return probeRefusal(httpMethod);
        return isReady(AbortSignal.timeout(READY_TIMEOUT_MS)).then(
          (ready) => readiness(ready),
          () => readiness(false),
        );
      default:
        return undefined;
    }
  };
}

function takes(httpMethod: string): boolean {
  return httpMethod === "GET" || httpMethod === "HEAD" || httpMethod === "OPTIONS";
}

function readiness(ready: boolean): PlainAnswer {
  return probeAnswer(ready ? 200 : 503, ready ? "ready" : "not ready");
}

function probeAnswer(status: number, text: string): PlainAnswer {
  return textAnswer(status, text, { "cache-control": "no-store" });
}

/** The answer to a probe by another HTTP method. */
export function probeRefusal(httpMethod: string): PlainAnswer {
  const text = `a probe takes ${ALLOWED}, and not ${httpMethod.slice(0, 32)}`;
  return textAnswer(405, text, { allow: ALLOWED, "cache-control": "no-store" });
}
