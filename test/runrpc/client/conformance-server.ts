import type { HandlerContext } from "@connectrpc/connect";
import type { ServiceImpl } from "../../../src/runrpc/index.ts";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../../src/runrpc/server/server-options.ts";
import { ConformanceService } from "../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { partOfService } from "../../part-of-service.ts";

/** What a server saw of one attempt. */
export interface Seen {
  readonly key: string | null;
  /** As the header has it. */
  readonly timeout: string | null;
  /** As the handler's context has it. */
  readonly timeoutMs: number | undefined;
  readonly protocol: string;
}

/** A real server of a service that no example has. `idempotentUnary` alone may be called again. */
export interface ConformanceServer extends Server, AsyncDisposable {
  /** The calls that reached a handler, in their order. */
  readonly seen: readonly Seen[];
}

/** Starts it on a free port, open to all, with the handlers that a test gives. */
export async function startConformance(
  handlers: Partial<ServiceImpl<typeof ConformanceService>>,
  options: Partial<ServerOptions> = {},
): Promise<ConformanceServer> {
  const seen: Seen[] = [];
  const watch =
    (handler: (request: never, context: HandlerContext) => unknown) =>
    (request: never, context: HandlerContext): unknown => {
      seen.push(seenOf(context));
      return handler(request, context);
    };
  const watched = Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [name, watch(handler as Parameters<typeof watch>[0])]),
  );
  const server = await startServer({
    services: [partOfService(ConformanceService, watched as typeof handlers)], // the same functions, watched
    keys: "open",
    server: { host: "127.0.0.1", port: 0 },
    ...options,
  });
  return { ...server, seen, [Symbol.asyncDispose]: () => server.drain() };
}

function seenOf({ requestHeader, timeoutMs, protocolName }: HandlerContext): Seen {
  return {
    key: requestHeader.get("x-api-key"),
    timeout: requestHeader.get("grpc-timeout") ?? requestHeader.get("connect-timeout-ms"),
    timeoutMs: timeoutMs(),
    protocol: protocolName,
  };
}
