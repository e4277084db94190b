import { textAnswer } from "./answers.ts";
import type { PlainRoutes } from "./dispatch.ts";

/** How long `/readyz` waits for the health check, in milliseconds. */
const READY_TIMEOUT_MS = 3_000;

/**
 * The two plain probes of an orchestrator. `/healthz` says that the process answers; `/readyz` that it should get
 * calls, which is over as soon as it drains or its database does not answer.
 */
export function createProbes(isReady: (signal: AbortSignal) => Promise<boolean>): PlainRoutes {
  return (_httpMethod, path) => {
    switch (path) {
      case "/healthz":
        return textAnswer(200, "ok", { "cache-control": "no-store" });
      case "/readyz":
        return isReady(AbortSignal.timeout(READY_TIMEOUT_MS)).then(
          (ready) => readiness(ready),
          () => readiness(false),
        );
      default:
        return undefined;
    }
  };
}

function readiness(ready: boolean) {
  return textAnswer(ready ? 200 : 503, ready ? "ready" : "not ready", { "cache-control": "no-store" });
}
