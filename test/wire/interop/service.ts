import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { defineService, type ServiceDefinition } from "../../../src/runrpc/server/routes/service.ts";

const buf = join(import.meta.dirname, "../../../node_modules/.bin/buf");

interface Echo {
  readonly responseStatus?: { readonly code: number; readonly message: string };
}

interface Output extends Echo {
  readonly responseParameters: readonly { readonly size: number; readonly intervalUs: number }[];
}

interface Input {
  readonly payload?: { readonly body: Uint8Array };
}

/** grpc.testing.TestService, as the descriptions of gRPC's interop tests want it. */
export function createTestService(): ServiceDefinition {
  const image = execFileSync(buf, ["build", import.meta.dirname, "-o", "-"]);
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, image)).getService(
    "grpc.testing.TestService",
  );
  if (service === undefined) throw new Error("testing.proto has no TestService");
  // The messages are known at run time alone, as the interfaces above describe them.
  return defineService(service, implementation as unknown as ServiceImpl<typeof service>);
}

const implementation = {
  emptyCall: () => ({}),
  unaryCall(request: Echo & { readonly responseSize: number }, context: HandlerContext) {
    echoMetadata(context);
    echoStatus(request);
    return { payload: { body: new Uint8Array(request.responseSize) } };
  },
  async *streamingOutputCall(request: Output, { signal }: HandlerContext) {
    yield* answersTo(request, signal);
  },
  async streamingInputCall(requests: AsyncIterable<Input>) {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests: AsyncIterable<Output>, context: HandlerContext) {
    echoMetadata(context);
    for await (const request of requests) {
      echoStatus(request);
      yield* answersTo(request, context.signal);
    }
  },
};

async function* answersTo({ responseParameters }: Output, signal: AbortSignal) {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await after(intervalUs / 1_000, undefined, { signal });
    yield { payload: { body: new Uint8Array(size) } };
  }
}

function echoStatus({ responseStatus }: Echo): void {
  if (responseStatus !== undefined && responseStatus.code !== 0)
    throw new ConnectError(responseStatus.message, responseStatus.code);
}

function echoMetadata({ requestHeader, responseHeader, responseTrailer }: HandlerContext): void {
  const initial = requestHeader.get("x-grpc-test-echo-initial");
  if (initial !== null) responseHeader.set("x-grpc-test-echo-initial", initial);
  const trailing = requestHeader.get("x-grpc-test-echo-trailing-bin");
  if (trailing !== null) responseTrailer.set("x-grpc-test-echo-trailing-bin", trailing);
}
