import type { HandlerContext } from "@connectrpc/connect";
import { defineService, type ServiceDefinition } from "../../../../../src/runrpc/server/routes/service.ts";
import { errorFrom, pause, setMetadata } from "../../../../conformance/echo.ts";
import {
  ConformanceService,
  type StreamResponseDefinition,
  type UnaryResponseDefinition,
} from "../../../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";

/**
 * The conformance suite's contract, answered without anything that changes from run to run: each request says what the
 * response is. A delay stands behind the first message of a stream, so that a client can leave in mid-stream.
 */
export const scriptedService: ServiceDefinition = defineService(ConformanceService, {
  unary: (request, context) => one(context, request.responseDefinition, 1),
  idempotentUnary: (request, context) => one(context, request.responseDefinition, 1),
  unimplemented() {
    throw new Error("what this says is for the log alone");
  },
  async clientStream(requests, context) {
    const all = await Array.fromAsync(requests);
    return await one(context, all[0]?.responseDefinition, all.length);
  },
  serverStream: (request, context) => several(context, request.responseDefinition),
  async *bidiStream(requests, context) {
    let first = true;
    for await (const { responseDefinition } of requests) {
      if (first) yield* several(context, responseDefinition);
      else yield { payload: { data: new Uint8Array([1]) } };
      first = false;
    }
  },
});

async function one(
  context: HandlerContext,
  definition: UnaryResponseDefinition | undefined,
  requests: number,
): Promise<{ payload: { data: Uint8Array } }> {
  setMetadata(context, definition);
  await pause(context, definition?.responseDelayMs ?? 0);
  const response = definition?.response;
  if (response?.case === "error") throw errorFrom(response.value);
  return { payload: { data: Buffer.concat([response?.value ?? new Uint8Array(), Buffer.of(requests)]) } };
}

async function* several(
  context: HandlerContext,
  definition: StreamResponseDefinition | undefined,
): AsyncGenerator<{ payload: { data: Uint8Array } }> {
  setMetadata(context, definition);
  for (const data of definition?.responseData ?? []) {
    yield { payload: { data } };
    await pause(context, definition?.responseDelayMs ?? 0);
  }
  if (definition?.error !== undefined) throw errorFrom(definition.error);
}
