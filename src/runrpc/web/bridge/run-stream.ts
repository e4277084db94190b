import type { Message } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { principalKey } from "../../server/auth/principal.ts";
import type { Call } from "../../server/call/call.ts";
import { callHeadKey } from "../../server/call/call-head-key.ts";
import { implementation } from "../../server/lanes/stock/implementation.ts";
import { callKey } from "../../server/lanes/stock/stock-call.ts";
import type { Route } from "../../server/routes/routes.ts";

/** What comes back of a call. */
export type StreamEvent =
  | { readonly kind: "headers"; readonly headers: Headers }
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "end"; readonly trailers: Headers };

/**
 * Runs the handler of a method that streams requests, without any wire: as the stock lane runs it, so that bounds, deadline
 * and cancel are the same. The call has been admitted.
 *
 * @throws ConnectError with which the call has failed.
 */
export async function* runStream(
  call: Call,
  route: Route,
  requests: AsyncIterable<Message>,
): AsyncGenerator<StreamEvent> {
  const context = contextOf(call, route);
  let hasHeaders = false;
  for await (const message of answers(route, requests, context)) {
    if (!hasHeaders) yield { kind: "headers", headers: context.responseHeader };
    hasHeaders = true;
    yield { kind: "message", message };
  }
  if (!hasHeaders) yield { kind: "headers", headers: context.responseHeader };
  yield { kind: "end", trailers: context.responseTrailer };
}

async function* answers(
  { handler }: Route,
  requests: AsyncIterable<Message>,
  context: HandlerContext,
): AsyncIterable<Message> {
  // Of its kind: `implementation` makes it so from the handler's.
  const run = implementation(handler) as (
    requests: AsyncIterable<Message>,
    context: HandlerContext,
  ) => unknown;
  const answer = run(requests, context);
  if (handler.kind === "client_streaming") yield await (answer as Promise<Message>);
  else yield* answer as AsyncIterable<Message>;
}

function contextOf(call: Call, { method, path }: Route): HandlerContext {
  const { headers, requestId } = call.head;
  const url = `http://${headers[":authority"] ?? headers.host ?? "localhost"}${path}`;
  const stock = {
    call,
    adapter: undefined,
    answered: undefined,
    lastBytes: new Uint8Array(),
    url,
    unreadable: undefined,
    header: requestHeaders(call),
  };
  const values = createContextValues()
    .set(callKey, stock)
    .set(principalKey, call.principal)
    .set(callHeadKey, call.head);
  return {
    method,
    service: method.parent,
    protocolName: "connect",
    requestMethod: "POST",
    url,
    requestHeader: stock.header,
    responseHeader: new Headers({ "x-request-id": requestId }),
    responseTrailer: new Headers(),
    values,
    timeoutMs: () => call.remainingMs(),
    get signal() {
      return call.signal;
    },
  };
}

function requestHeaders({ head }: Call): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(head.headers))
    if (!name.startsWith(":")) for (const one of [value ?? []].flat()) headers.append(name, one);
  return headers;
}
