import { createRegistry, fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import {
  HeaderSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
} from "../../../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { LIMITS } from "./breakages.ts";
import type { Random } from "./random.ts";

/** For the details of errors, which are packed. */
const REGISTRY = { registry: createRegistry(HeaderSchema) };

/** A response above the limit, in a request below its own; in base64. */
const TOO_LARGE = Buffer.alloc(LIMITS.maxResponseBytes, 7).toString("base64");

/**
 * A request for the scripted service, which says what to answer, in the format of the content type. `waits`: the
 * handler takes longer than anyone stays.
 */
export function requestMessage(
  random: Random,
  method: string,
  contentType: string,
  waits: boolean,
): Uint8Array {
  const answersStream = method === "ServerStream" || method === "BidiStream";
  // Only these are alone in their request: several would be above its limit, in places that nobody chose.
  const isTooLarge = (method === "Unary" || method === "ServerStream") && random.chance(0.06);
  const some = () => (isTooLarge ? TOO_LARGE : data(random));
  const error = random.chance(0.3) ? errorDefinition(random) : undefined;
  const responseDefinition = {
    ...(random.chance(0.4) && {
      responseHeaders: [{ name: "x-answer", value: random.pick([["a"], ["a", "b"], [""]]) }],
    }),
    ...(random.chance(0.4) && {
      responseTrailers: [{ name: "x-ending", value: random.pick([["z"], ["y", "z"]]) }],
    }),
    ...(waits && { responseDelayMs: 5_000 }),
    ...(answersStream
      ? { responseData: Array.from({ length: random.below(4) + (waits ? 1 : 0) }, () => some()) }
      : error === undefined && { responseData: some() }),
    ...(error !== undefined && { error }),
  };
  const json: JsonObject = {
    responseDefinition: responseDefinition as JsonObject, // made of JSON alone, the absent fields left out
    // The bidi request has another number for it than the rest.
    ...(method !== "BidiStream" && { requestData: data(random) }),
  };
  if (contentType.endsWith("json")) return Buffer.from(JSON.stringify(json));
  return answersStream
    ? toBinary(ServerStreamRequestSchema, fromJson(ServerStreamRequestSchema, json, REGISTRY))
    : toBinary(UnaryRequestSchema, fromJson(UnaryRequestSchema, json, REGISTRY));
}

function errorDefinition(random: Random): JsonObject {
  return {
    code: random.pick([1, 2, 3, 4, 5, 8, 13, 14, 16]),
    message: random.pick(["", "plain", "with % and \u00fc", "two\nlines"]),
    ...(random.chance(0.3) && {
      details: [{ "@type": "type.googleapis.com/connectrpc.conformance.v1.Header", name: "x" }],
    }),
  };
}

function data(random: Random): string {
  return Buffer.alloc(random.pick([0, 1, 20, 300]), 7).toString("base64");
}
