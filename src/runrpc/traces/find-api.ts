/** The module of `@opentelemetry/api`. */
export type TraceApi = typeof import("@opentelemetry/api");

/**
 * The API of OpenTelemetry, where the process has it and an SDK has been registered with it; undefined elsewhere, as spans
 * would go nowhere. An SDK is registered before the server starts, such as by `node --import ./telemetry.js`.
 */
export async function findTraceApi(): Promise<TraceApi | undefined> {
  const api = await loadApi();
  if (api === undefined) return undefined;
  const { ProxyTracerProvider, trace } = api;
  const provider = trace.getTracerProvider();
  const isNoop =
    provider instanceof ProxyTracerProvider &&
    provider.getDelegate() === new ProxyTracerProvider().getDelegate();
  return isNoop ? undefined : api;
}

/** The peer is optional: undefined where it is not installed. */
async function loadApi(): Promise<TraceApi | undefined> {
  try {
    return await import("@opentelemetry/api");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
