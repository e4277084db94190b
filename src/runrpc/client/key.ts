import type { Interceptor } from "@connectrpc/connect";

/** Sends an API key with each attempt of a call. */
export function keyInterceptor(key: string | (() => string | Promise<string>)): Interceptor {
  return (next) => async (request) => {
    request.header.set("x-api-key", typeof key === "string" ? key : await key());
    return next(request);
  };
}
