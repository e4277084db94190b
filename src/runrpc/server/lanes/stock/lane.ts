import type { DescMethod } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type MethodImpl,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { principalKey } from "../../auth/principal.ts";
import { type Call, clientGone, headersOfEvery } from "../../call/call.ts";
import type { Gate } from "../../gate.ts";
import { isOfConnection } from "../../http/connection-headers.ts";
import { wireOf } from "../../http/content-type.ts";
import { reencodeMessage } from "../../http/grpc-status.ts";
import { MAX_TIMEOUT_MS } from "../../http/protocol.ts";
import { createCompat } from "../../listener/compat.ts";
import type { Handler } from "../../routes/handler.ts";
import type { Routes } from "../../routes/routes.ts";
import { CHALLENGE, tellCaches, UNAUTHENTICATED_STATUS } from "../answer-headers.ts";
import { base64, base64Decoded, textType, wantsText, webType } from "../base64-body.ts";
import { blameClient, COMPRESSIONS } from "../client-faults.ts";
import { readGetQuery } from "../get-query.ts";
import type { Lane } from "../lane.ts";
import { exchangeOn } from "../own-exchange.ts";
import { boundedMessage, boundedMessages } from "./bounds.ts";
import {
  answerUnwritten,
  closeUnlessRead,
  finishExchange,
  isWritable,
  type NodeRequest,
  type NodeResponse,
  requestBody,
  responseBody,
} from "./http.ts";
import { jsonOptionsOf } from "./json.ts";
import { errorAtEnd, webAnswer } from "./outcome.ts";
import { runInput, runToMessage, runToStream } from "./run.ts";

export interface StockLaneOptions {
  readonly routes: Routes;
  readonly gate: Gate;
  readonly maxResponseBytes: number;
}

const NO_BYTES = new Uint8Array();

/** How the adapter's context leads to our call. */
const callKey = createContextKey<StockCall | undefined>(undefined, {
  description: "the call of this request",
});

interface StockCall {
  readonly call: Call;
  /** The adapter's own signal, which carries the error that it answered with on its own account. */
  adapter: AbortSignal | undefined;
  /** What the adapter has answered. */
  answered: UniversalServerResponse | undefined;
  lastBytes: Uint8Array;
  /** As the client sent it. */
  url: string;
  /** Why the query of a GET cannot be served; told when the gate has let the call in. */
  unreadable: ConnectError | undefined;
}

/**
 * The lane that takes every call: connect-node with its three protocols, all its compressions and Connect GET. It
 * does what `connectNodeAdapter` does, from the same exported parts, because the adapter builds a URL outside any
 * `try`, writes its errors to the console, and ends the connection of an upload that it refuses.
 */
export function createStockLane({ routes, gate, maxResponseBytes }: StockLaneOptions): Lane {
  const router = createConnectRouter({
    acceptCompression: [...COMPRESSIONS],
    writeMaxBytes: maxResponseBytes,
    jsonOptions: { registry: routes.registry },
    requestGate: (context) => admit(gate, context),
  });
  for (const { method, handler, policy } of routes.all) {
    router.rpc(method, implementation(handler), {
      readMaxBytes: policy.maxRequestBytes,
      jsonOptions: jsonOptionsOf(method.input, routes.registry),
      ...(policy.dropsUnknownFields ? { binaryOptions: { readUnknownFields: false } } : {}),
    });
  }
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  function serve(call: Call, request: NodeRequest, response: NodeResponse): void {
    const handler = handlers.get(call.head.path);
    if (handler === undefined) throw new Error(`no handler for ${call.head.path}`);
    const stock: StockCall = {
      call,
      adapter: undefined,
      answered: undefined,
      lastBytes: NO_BYTES,
      url: "",
      unreadable: undefined,
    };
    for (const [name, value] of Object.entries(headersOfEvery(call.head))) response.setHeader(name, value);
    finishExchange(call, request, response, () => settleFromAnswer(stock, response.statusCode));
    answer(handler, stock, request, response).catch((reason: unknown) => {
      if (isWritable(response)) return answerUnwritten(call, request, response, reason);
      // Its client is gone, and over HTTP/1.1 the failed write tells of it before the socket does.
      if (call.handlerRunning) call.cancel("client", clientGone());
      else if (!call.settled) call.fail(reason);
      response.destroy();
    });
  }

  const streams = new WeakMap<object, Call>();
  const compat = createCompat((request, response) => {
    const call = streams.get(request.stream);
    if (call !== undefined) serve(call, request, response);
  });
  return {
    serveStream(call, _httpMethod, stream, rawHeaders) {
      if (call.head.route === undefined) return false;
      streams.set(stream, call);
      compat(stream, call.head.headers, rawHeaders);
      return true;
    },
    serveOwnStream(call, _httpMethod, stream) {
      if (call.head.route === undefined) return false;
      const { request, response } = exchangeOn(stream, call.head.headers);
      serve(call, request, response);
      return true;
    },
    serveRequest(call, _httpMethod, request, response) {
      if (call.head.route === undefined) return false;
      serve(call, request, response);
      return true;
    },
    requestIdOf(response) {
      const id = response.getHeader("x-request-id");
      return typeof id === "string" ? id : undefined;
    },
  };
}

async function answer(
  handler: UniversalHandler,
  stock: StockCall,
  request: NodeRequest,
  response: NodeResponse,
): Promise<void> {
  const { call } = stock;
  tameTimeout(request);
  const values = createContextValues().set(callKey, stock);
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  stock.url = universal.url;
  const isGet = request.method === "GET";
  const wire = wireOf(call.head.headers["content-type"]);
  const isText = wire === "grpc-web-text";
  const givesText = isText || (wire === "grpc-web" && wantsText(call.head.headers));
  const query = isGet ? readGetQuery(request.url ?? "") : undefined;
  stock.unreadable = query?.error;
  if (isText) universal.header.set("content-type", webType(universal.header));
  const body = requestBody(call, request);
  const answered = await handler({
    ...universal,
    url: query === undefined ? universal.url : new URL(query.target, universal.url).toString(),
    body: isText ? base64Decoded(body) : body,
  });
  stock.answered = answered;
  finishHeaders(call, answered, isGet, givesText);
  closeUnlessRead(request, response);
  if (answered.body === undefined) return await universalResponseToNodeResponse(answered, response);
  const isWeb = call.head.protocol === "grpc-web";
  const encoding = answered.header?.get("grpc-encoding") ?? null;
  const sentBody = responseBody(
    answered.body,
    (bytes) => {
      const sent = isWeb ? webAnswer(bytes, encoding) : bytes;
      stock.lastBytes = sent;
      return givesText ? base64(sent) : sent;
    },
    (byteLength) => {
      call.bytesOut += byteLength;
    },
    () => {
      dropConnectionHeaders(answered.trailer);
      if (answered.trailer !== undefined) reencodeMessage(answered.trailer);
    },
  );
  await universalResponseToNodeResponse({ ...answered, body: sentBody }, response);
}

/** Puts right what the adapter does not say of its answer, or says of another one. */
function finishHeaders(
  { head }: Call,
  { header, status }: UniversalServerResponse,
  isGet: boolean,
  isText: boolean,
): void {
  dropConnectionHeaders(header);
  if (header === undefined) return;
  if (isText) header.set("content-type", textType(header));
  if (status === UNAUTHENTICATED_STATUS && !header.has("www-authenticate"))
    header.set("www-authenticate", CHALLENGE);
  if (isGet) tellCaches(header, status, head.route?.policy.isPublic === true, head.corsHeaders?.vary);
}

function dropConnectionHeaders(headers: Headers | undefined): void {
  for (const name of [...(headers?.keys() ?? [])]) if (isOfConnection(name)) headers?.delete(name);
}

function admit(gate: Gate, context: HandlerContext): void | Promise<void> {
  const stock = stockCallOf(context);
  const { signal } = context;
  stock.adapter = signal;
  const { call } = stock;
  signal.addEventListener("abort", () => refuse(call, signal.reason));
  const enter = (): void => {
    if (stock.unreadable !== undefined) throw stock.unreadable;
    context.values.set(principalKey, call.principal);
  };
  const fail = (reason: unknown): never => {
    throw call.fail(reason);
  };
  try {
    const admitted = gate.admit(call);
    if (admitted instanceof Promise) return admitted.then(enter).catch(fail);
    enter();
  } catch (reason) {
    fail(reason);
  }
}

/**
 * Takes the error that the adapter will answer a request with, which it aborts its signal with first: it could not read
 * it. The call is over with that, however long the answer takes.
 */
function refuse(call: Call, reason: unknown): void {
  if (!(reason instanceof ConnectError)) return;
  blameClient(reason);
  // These two come from the client and from the clock, of which the call knows itself.
  const isKnown = reason.code === Code.Canceled || reason.code === Code.DeadlineExceeded;
  if (isKnown || call.settled || call.handlerRunning) return;
  const { rawMessage, message } = call.fail(reason);
  Object.assign(reason, { rawMessage, message });
}

/** What the adapter calls: our handler, held to the life of its call. */
function implementation(handler: Handler): MethodImpl<DescMethod> {
  const spec = (): unknown => {
    switch (handler.kind) {
      case "unary":
        return (input: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          call.messagesIn++;
          return counted(call, context, () =>
            runToMessage(call, () => handler.run(input, contextOf(call, context))),
          );
        };
      case "client_streaming":
        return (inputs: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          return counted(call, context, () =>
            runToMessage(call, () => handler.run(runInput(call, readable(inputs)), contextOf(call, context))),
          );
        };
      case "server_streaming":
        return (input: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          call.messagesIn++;
          const run = () => handler.start(input, contextOf(call, context));
          return boundedMessages(call, context, runToStream(call, run, handler.whole));
        };
      case "bidi_streaming":
        return (inputs: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          const run = () => handler.start(runInput(call, readable(inputs)), contextOf(call, context));
          return boundedMessages(call, context, runToStream(call, run, handler.whole));
        };
    }
  };
  // The kind of the handler is that of the method: createHandler took it from there.
  return spec() as MethodImpl<DescMethod>;
}

/** The messages that a client streams, as the adapter reads them. */
async function* readable<T>(inputs: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* inputs;
  } catch (reason) {
    blameClient(reason);
    throw reason;
  }
}

async function counted<T>(call: Call, context: HandlerContext, run: () => Promise<T>): Promise<T> {
  const value = await boundedMessage(call, context, run);
  call.messagesOut++;
  return value;
}

/** The adapter's context with our deadline, and our signal, which is made when it is read. */
function contextOf(call: Call, stock: HandlerContext): HandlerContext {
  return {
    method: stock.method,
    service: stock.service,
    protocolName: stock.protocolName,
    requestMethod: stock.requestMethod,
    url: stockCallOf(stock).url,
    requestHeader: stock.requestHeader,
    responseHeader: stock.responseHeader,
    responseTrailer: stock.responseTrailer,
    values: stock.values,
    timeoutMs: () => call.remainingMs(),
    get signal() {
      return call.signal;
    },
  };
}

function stockCallOf(context: HandlerContext): StockCall {
  const stock = context.values.get(callKey);
  if (stock === undefined) throw new Error("a call came past the lane");
  return stock;
}

/**
 * Holds the call to what its client was told: the adapter answers for itself where it cannot read a request or write
 * a response, and with plain HTTP.
 */
function settleFromAnswer({ call, adapter, answered, lastBytes }: StockCall, httpStatus: number): void {
  if (call.error !== undefined) return;
  const reason: unknown = adapter?.reason;
  const isOwn = !call.settled || httpStatus !== 200;
  const error =
    isOwn && reason instanceof ConnectError
      ? reason
      : errorAtEnd(call.head.protocol, answered?.trailer, lastBytes);
  if (error !== undefined) {
    // The message that could not be written was counted when the handler gave it.
    if (call.messagesOut > 0) call.messagesOut--;
    call.fail(error);
  } else if (httpStatus === 200) call.succeed();
  else call.fail(new ConnectError(`HTTP status ${httpStatus}`, Code.Unimplemented));
}

/** The call keeps the deadline. The adapter sets a timer too, and a time beyond 2^31-1 ms makes that fire at once. */
function tameTimeout(request: NodeRequest): void {
  for (const [name, unit] of [
    ["connect-timeout-ms", ""],
    ["grpc-timeout", "m"],
  ] as const) {
    const text = request.headers[name];
    if (typeof text === "string" && /^\d/.test(text)) request.headers[name] = tamed(text, unit);
  }
}

function tamed(text: string, unit: string): string {
  const longest = unit === "" ? Number(text) > MAX_TIMEOUT_MS : /^(\d{4,}H|\d{6,}M|\d{7,}S)$/.test(text);
  return longest ? (unit === "" ? String(MAX_TIMEOUT_MS) : "2147483S") : text;
}
