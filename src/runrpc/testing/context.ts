import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import { principalKey } from "../server/auth/principal.ts";

/** Who calls a handler, and for how long. */
export interface CallerOptions {
  /** The subject of the caller's key. Default: nobody is authenticated. */
  readonly subject?: string | undefined;
  /** Default `["*"]`. */
  readonly scopes?: readonly string[] | undefined;
  /** Aborts the call. Default: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

/** The context of a call of a method, for a test that calls a handler as a function. */
export function contextOf(method: DescMethod, caller: CallerOptions = {}): HandlerContext {
  const { subject, scopes = ["*"], signal } = caller;
  const contextValues = createContextValues();
  if (subject !== undefined) contextValues.set(principalKey, { subject, keyId: "rr_test", scopes });
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `https://localhost/${method.parent.typeName}/${method.name}`,
    contextValues,
    ...(signal === undefined ? {} : { requestSignal: signal }),
  });
}
