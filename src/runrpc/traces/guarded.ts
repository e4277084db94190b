import type { TraceApi } from "./find-api.ts";

/**
 * Runs code of an SDK. Its propagators, samplers and processors may be anybody's: a fault of one is no call's, and is told
 * where OpenTelemetry tells its own (`diag`). Undefined: it failed.
 */
export function guarded<T>(api: TraceApi, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    api.diag.error("runrpc: a span could not be made or ended", error);
    return undefined;
  }
}
