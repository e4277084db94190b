import type { Registry } from "@bufbuild/protobuf";
import type { Call } from "../../call/call.ts";
import type { Route } from "../../routes/routes.ts";
import { wantsText } from "../base64-body.ts";
import { type Codec, type CodecOptions, createCodec, type Format } from "./codec.ts";
import { isReadable } from "./compressed.ts";
import { connectStream } from "./connect-stream.ts";
import { connectUnary } from "./connect-unary.ts";
import { grpc } from "./grpc.ts";
import { grpcWeb } from "./grpc-web.ts";
import type { WireProtocol } from "./protocol.ts";

/** A method in one protocol and one format: all that is known before the first call. */
export interface Plan {
  readonly route: Route;
  readonly protocol: WireProtocol;
  readonly codec: Codec;
  /** Of the response. */
  readonly contentType: string;
  /** The messages that JSON may hold in a `google.protobuf.Any`, those of error details among them. */
  readonly registry: Registry;
  readonly maxRequestBytes: number;
}

/** What all plans are made with. */
export type PlanOptions = Omit<CodecOptions, "dropsUnknownFields">;

/** Finds the plan of a call, or none when the call is not for this lane. */
export type FindPlan = (call: Call, httpMethod: string) => Plan | undefined;

/** The request content types that are taken, spelt as clients spell them. Any other spelling goes to the stock lane. */
const PROTOCOLS: readonly (readonly [contentType: string, WireProtocol, Format])[] = [
  ["application/grpc", grpc, "proto"],
  ["application/grpc+proto", grpc, "proto"],
  ["application/grpc+json", grpc, "json"],
  ["application/grpc-web", grpcWeb, "proto"],
  ["application/grpc-web+proto", grpcWeb, "proto"],
  ["application/grpc-web+json", grpcWeb, "json"],
  ["application/connect+proto", connectStream, "proto"],
  ["application/connect+json", connectStream, "json"],
  ["application/proto", connectUnary, "proto"],
  ["application/json", connectUnary, "json"],
  ["application/json; charset=utf-8", connectUnary, "json"],
  ["application/json;charset=utf-8", connectUnary, "json"],
];

/**
 * What this lane leaves to the stock lane, told from the headers alone:
 *
 * - any HTTP method but POST: Connect GET, and what is answered with 405
 * - content types beside those above: `application/grpc-web-text`, as which an answer may be asked for too, unknown ones, and Connect's types for unary calls
 *   on streams and the other way round
 * - requests in an encoding that nobody knows. A response is never compressed here, which every protocol allows,
 *   whatever the client accepts: most gRPC clients offer gzip with each call, and mean that it may be
 * - gRPC, which needs HTTP trailers, and bidirectional streams, which need both ways at once, over HTTP/1.1
 */
export function createPlans(routes: readonly Route[], options: PlanOptions): FindPlan {
  const plans = new Map(routes.map((route) => [route.path, plansOf(route, options)]));
  return ({ head }, httpMethod) => {
    if (head.route === undefined || httpMethod !== "POST") return undefined;
    const { headers } = head;
    const plan = plans.get(head.route.path)?.get(headers["content-type"] ?? "");
    if (plan === undefined || !isReadable(headers[plan.protocol.encodingHeader])) return undefined;
    if (plan.protocol.name === "grpc-web" && wantsText(headers)) return undefined;
    if (
      head.httpVersion !== "2.0" &&
      (plan.protocol.needsHttp2 || head.route.handler.kind === "bidi_streaming")
    )
      return undefined;
    return plan;
  };
}

function plansOf(route: Route, options: PlanOptions): ReadonlyMap<string, Plan> {
  const isUnary = route.handler.kind === "unary";
  return new Map(
    PROTOCOLS.filter(([, protocol]) => (isUnary ? protocol.servesUnary : protocol.servesStreams)).map(
      ([contentType, protocol, format]) => [
        contentType,
        {
          route,
          protocol,
          codec: createCodec(route.method, format, {
            ...options,
            dropsUnknownFields: route.policy.dropsUnknownFields,
          }),
          contentType: protocol.contentTypes[format],
          registry: options.registry,
          maxRequestBytes: route.policy.maxRequestBytes,
        },
      ],
    ),
  );
}
