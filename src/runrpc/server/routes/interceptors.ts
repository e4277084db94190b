import type { DescMethod, Message } from "@bufbuild/protobuf";
import type {
  HandlerContext,
  Interceptor,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { mapped } from "./iterator.ts";

type Next = Parameters<Interceptor>[0];
type RequestCommon = Omit<UnaryRequest, "stream" | "message">;

/** Runs a unary handler inside interceptors, with what they changed of request and response carried over. */
export async function interceptUnary(
  method: DescMethod,
  interceptors: readonly Interceptor[],
  input: Message,
  context: HandlerContext,
  run: (input: Message, context: HandlerContext) => Message | Promise<Message>,
): Promise<Message> {
  const last: Next = async (request) => {
    // The chain began with a unary request, and Connect's interceptors keep the kind.
    const message = await run((request as UnaryRequest).message, contextOf(context, request));
    return { ...responseOf(method, context), stream: false, message, method } as UnaryResponse;
  };
  const request = { ...requestOf(method, context), stream: false, message: input, method } as UnaryRequest;
  const response = (await chain(interceptors, last)(request)) as UnaryResponse;
  copyHeaders(response.header, context.responseHeader);
  copyHeaders(response.trailer, context.responseTrailer);
  return response.message;
}

/** The same for the three streaming kinds, which Connect's interceptors see as streams on both sides. */
export async function* interceptStream(
  method: DescMethod,
  interceptors: readonly Interceptor[],
  inputs: AsyncIterable<Message>,
  context: HandlerContext,
  run: (inputs: AsyncIterable<Message>, context: HandlerContext) => AsyncIterable<Message>,
): AsyncGenerator<Message> {
  const last: Next = async (request) => {
    const message = run((request as StreamRequest).message, contextOf(context, request));
    return { ...responseOf(method, context), stream: true, message, method } as StreamResponse;
  };
  const request = { ...requestOf(method, context), stream: true, message: inputs, method } as StreamRequest;
  const response = (await chain(interceptors, last)(request)) as StreamResponse;
  copyHeaders(response.header, context.responseHeader);
  // Through our own iterator, which knows what another one may do wrong.
  yield* mapped(response.message, (message) => message);
  copyHeaders(response.trailer, context.responseTrailer);
}

function chain(interceptors: readonly Interceptor[], last: Next): Next {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), last);
}

function requestOf(method: DescMethod, context: HandlerContext): RequestCommon {
  return {
    service: method.parent,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    header: context.requestHeader,
    contextValues: context.values,
  } as RequestCommon;
}

function responseOf(method: DescMethod, context: HandlerContext) {
  return { service: method.parent, header: context.responseHeader, trailer: context.responseTrailer };
}

/** The handler sees what the interceptors made of the request. */
function contextOf(context: HandlerContext, request: UnaryRequest | StreamRequest): HandlerContext {
  return {
    method: context.method,
    service: context.service,
    protocolName: context.protocolName,
    requestMethod: context.requestMethod,
    url: context.url,
    timeoutMs: context.timeoutMs,
    responseHeader: context.responseHeader,
    responseTrailer: context.responseTrailer,
    requestHeader: request.header,
    signal: request.signal,
    values: request.contextValues,
  };
}

function copyHeaders(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}
