import { setTimeout as sleep } from "node:timers/promises";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import {
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type Error as ErrorDefinition,
  type Header,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

/**
 * What the suite wants to read back of a request: what the handler was told of it. A timeout counts down, and the suite
 * allows half a second: a handler that reads a stream first passes what it saw when it began.
 */
export function requestInfo<D extends DescMessage>(
  context: HandlerContext,
  schema: D,
  requests: readonly MessageShape<D>[],
  timeoutMs: number | undefined = context.timeoutMs(),
): ConformancePayload_RequestInfo {
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: headerList(context.requestHeader),
    requests: requests.map((request) => anyPack(schema, request)),
    ...(timeoutMs === undefined ? {} : { timeoutMs: BigInt(Math.floor(timeoutMs)) }),
    ...(context.requestMethod === "GET"
      ? { connectGetInfo: { queryParams: headerList(new URL(context.url).searchParams) } }
      : {}),
  });
}

/** Sends the headers and trailers that a request asks for. */
export function setMetadata(
  context: HandlerContext,
  definition: { readonly responseHeaders: Header[]; readonly responseTrailers: Header[] } | undefined,
): void {
  for (const { name, value } of definition?.responseHeaders ?? [])
    for (const each of value) context.responseHeader.append(name, each);
  for (const { name, value } of definition?.responseTrailers ?? [])
    for (const each of value) context.responseTrailer.append(name, each);
}

/** The error that a request asks for; `info` becomes its last detail. Details stay as they came, packed. */
export function errorFrom(definition: ErrorDefinition, info?: ConformancePayload_RequestInfo): ConnectError {
  // The numbers of the two enums are those of gRPC.
  const error = new ConnectError(definition.message ?? "", definition.code as number);
  error.details.push(
    ...definition.details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    })),
    ...(info === undefined ? [] : [{ desc: ConformancePayload_RequestInfoSchema, value: info }]),
  );
  return error;
}

/** The delay that a request asks for; a cancelled call does not wait for its end. */
export async function pause(context: HandlerContext, ms: number): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: context.signal });
}

function headerList(entries: Iterable<[string, string]>): { name: string; value: string[] }[] {
  return [...entries].map(([name, value]) => ({ name, value: [value] }));
}
