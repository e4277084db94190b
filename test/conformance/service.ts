import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { defineService, type ServiceDefinition } from "../../src/runrpc/server/routes/service.ts";
import { errorFrom, pause, requestInfo, setMetadata } from "./echo.ts";
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformanceService,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

/**
 * The service that the conformance suite calls: each request says what is to be answered. What each method has to do
 * stands in proto/connectrpc/conformance/v1/service.proto.
 */
export const conformanceService: ServiceDefinition = defineService(ConformanceService, {
  unary: (request, context) => {
    const info = requestInfo(context, UnaryRequestSchema, [request]);
    return respondOnce(request.responseDefinition, info, context);
  },
  idempotentUnary: (request, context) => {
    const info = requestInfo(context, IdempotentUnaryRequestSchema, [request]);
    return respondOnce(request.responseDefinition, info, context);
  },
  unimplemented() {
    throw new ConnectError("this method is left unimplemented", Code.Unimplemented);
  },
  async clientStream(requests, context) {
    const timeoutMs = context.timeoutMs();
    const all = await Array.fromAsync(requests);
    const info = requestInfo(context, ClientStreamRequestSchema, all, timeoutMs);
    return await respondOnce(all[0]?.responseDefinition, info, context);
  },
  async *serverStream(request, context) {
    const { responseDefinition: definition } = request;
    setMetadata(context, definition);
    if (definition === undefined) return;
    const info = requestInfo(context, ServerStreamRequestSchema, [request]);
    for (const [index, data] of definition.responseData.entries()) {
      await pause(context, definition.responseDelayMs);
      yield { payload: index === 0 ? { data, requestInfo: info } : { data } };
    }
    if (definition.error !== undefined)
      throw errorFrom(definition.error, definition.responseData.length === 0 ? info : undefined);
  },
  async *bidiStream(requests, context) {
    let first: BidiStreamRequest | undefined;
    let unanswered: BidiStreamRequest[] = [];
    let sent = 0;
    const timeoutMs = context.timeoutMs();
    for await (const request of requests) {
      if (first === undefined) setMetadata(context, request.responseDefinition);
      first ??= request;
      unanswered.push(request);
      if (!first.fullDuplex) continue;
      const data = first.responseDefinition?.responseData[sent];
      if (data === undefined) break;
      const info = requestInfo(context, BidiStreamRequestSchema, unanswered, timeoutMs);
      unanswered = [];
      await pause(context, first.responseDefinition?.responseDelayMs ?? 0);
      yield { payload: { data, requestInfo: sent++ === 0 ? info : { requests: info.requests } } };
    }
    const definition = first?.responseDefinition;
    if (definition === undefined) return;
    const info = requestInfo(context, BidiStreamRequestSchema, unanswered, timeoutMs);
    for (const data of definition.responseData.slice(sent)) {
      await pause(context, definition.responseDelayMs);
      yield { payload: sent++ === 0 ? { data, requestInfo: info } : { data } };
    }
    if (definition.error !== undefined) throw errorFrom(definition.error, sent === 0 ? info : undefined);
  },
});

async function respondOnce(
  definition: UnaryResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo,
  context: HandlerContext,
): Promise<{ payload: { data: Uint8Array; requestInfo: ConformancePayload_RequestInfo } }> {
  setMetadata(context, definition);
  await pause(context, definition?.responseDelayMs ?? 0);
  const response = definition?.response;
  if (response?.case === "error") throw errorFrom(response.value, info);
  return { payload: { data: response?.value ?? new Uint8Array(), requestInfo: info } };
}
