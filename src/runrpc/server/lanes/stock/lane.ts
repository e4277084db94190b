import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { principalKey } from "../../auth/principal.ts";
import { type Call, clientGone, headersOfEvery } from "../../call/call.ts";
import { callHeadKey } from "../../call/call-head-key.ts";
import type { Gate } from "../../gate.ts";
import { wireOf } from "../../http/content-type.ts";
import { reencodeMessage } from "../../http/grpc-status.ts";
import { createCompat } from "../../listener/compat.ts";
import type { Routes } from "../../routes/routes.ts";
import type { AnswerCompression } from "../answer-compression.ts";
import { base64, base64Decoded, wantsText, webType } from "../base64-body.ts";
import { COMPRESSIONS } from "../compressions.ts";
import type { Lane } from "../lane.ts";
import { blameClient } from "./client-faults.ts";
import { withoutExcess } from "./excess-body.ts";
import { dropConnectionHeaders, finishHeaders } from "./finish-headers.ts";
import { spelledGetTarget } from "./get-target.ts";
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
import { implementation } from "./implementation.ts";
import { jsonOptionsOf } from "./json.ts";
import { withKnownFlags } from "./known-flags.ts";
import { errorAtEnd, webAnswer } from "./outcome.ts";
import { callKey, type StockCall, stockCallOf } from "./stock-call.ts";
import { tameTimeout } from "./tame-timeout.ts";
import { tellEncoding } from "./tell-encoding.ts";
import { createWritableCheck } from "./writable.ts";

export interface StockLaneOptions {
  readonly routes: Routes;
  readonly gate: Gate;
  readonly maxResponseBytes: number;
  readonly compression: AnswerCompression;
}

const NO_BYTES = new Uint8Array();
const NO_HEADERS = new Headers();

/**
 * The lane of connect-node. It does what `connectNodeAdapter` does, from the same exported parts, because the adapter
 * builds a URL outside any `try`, writes its errors to the console, and ends the connection of an upload that it refuses.
 */
export function createStockLane(options: StockLaneOptions): Lane {
  const { routes, gate, maxResponseBytes, compression } = options;
  const router = createConnectRouter({
    acceptCompression: [...COMPRESSIONS],
    compressMinBytes: compression.minBytes,
    writeMaxBytes: maxResponseBytes,
    jsonOptions: { registry: routes.registry },
    requestGate: (context) => admit(gate, context),
  });
  for (const { method, handler, policy, excess } of routes.all) {
    router.rpc(method, implementation(handler, createWritableCheck(method.output, routes.registry)), {
      readMaxBytes: policy.maxRequestBytes,
      jsonOptions: jsonOptionsOf(method.input, routes.registry, excess),
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
      header: NO_HEADERS,
    };
    for (const [name, value] of Object.entries(headersOfEvery(call.head))) response.setHeader(name, value);
    finishExchange(call, request, response, () => settleFromAnswer(stock, response.statusCode));
    // A handler that never ends keeps its context, and would keep with it all that leads to its client.
    response.once("close", () => Object.assign(stock, { adapter: undefined, answered: undefined }));
    answer(handler, compression, stock, request, response).catch((reason: unknown) => {
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
    serveStream(call, stream, rawHeaders) {
      streams.set(stream, call);
      compat(stream, call.head.headers, rawHeaders);
    },
    serveRequest: serve,
    requestIdOf(response) {
      const id = response.getHeader("x-request-id");
      return typeof id === "string" ? id : undefined;
    },
  };
}

async function answer(
  handler: UniversalHandler,
  compression: AnswerCompression,
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
  const maxBytes = call.head.route?.policy.maxRequestBytes ?? 0;
  const query = isGet ? spelledGetTarget(request.url ?? "", maxBytes) : undefined;
  stock.unreadable = query?.error;
  stock.header = new Headers(universal.header);
  tellEncoding(universal.header, call, wire, compression);
  if (isText) universal.header.set("content-type", webType(universal.header));
  const sent = requestBody(call, request);
  const body = withKnownFlags(wire, isText ? base64Decoded(sent) : sent);
  const answered = await handler({
    ...universal,
    url: query === undefined ? universal.url : new URL(query.target, universal.url).toString(),
    body: isGet ? sent : withoutExcess(call, universal.header, body),
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

function admit(gate: Gate, context: HandlerContext): void | Promise<void> {
  const stock = stockCallOf(context);
  const { signal } = context;
  stock.adapter = signal;
  const { call } = stock;
  signal.addEventListener("abort", () => refuse(call, signal.reason));
  const enter = (): void => {
    if (stock.unreadable !== undefined) throw stock.unreadable;
    context.values.set(principalKey, call.principal).set(callHeadKey, call.head);
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
