import type { Registry } from "@bufbuild/protobuf";
import type { Call } from "../../call/call.ts";
import { wireOf } from "../../http/content-type.ts";
import type { Route } from "../../routes/routes.ts";
import type { AnswerCompression } from "../answer-compression.ts";
import { wantsText } from "../base64-body.ts";
import { encodingOfGet } from "../get-query.ts";
import { bytesForm } from "./bytes-form.ts";
import { type CallForm, type CodecOptions, createCodec, type Format } from "./codec.ts";
import { connectGet } from "./connect-get.ts";
import { connectStream } from "./connect-stream.ts";
import { connectUnary } from "./connect-unary.ts";
import { grpc } from "./grpc.ts";
import { grpcWeb, grpcWebText } from "./grpc-web.ts";
import type { WireProtocol } from "./protocol.ts";
import type { Wire } from "./wire.ts";

/** A method in one protocol and one format: all that is known before the first call. */
export interface Plan extends CallForm {
  readonly route: Route;
  readonly protocol: WireProtocol;
  /** Of the response. */
  readonly contentType: string;
  /** The messages that JSON may hold in a `google.protobuf.Any`, those of error details among them. */
  readonly registry: Registry;
  readonly maxRequestBytes: number;
  readonly compression: AnswerCompression;
}

/** What the plans of a server have in common. */
export interface PlanOptions
  extends Omit<CodecOptions, "dropsUnknownFields" | "excess" | "isEnveloped" | "admit"> {
  readonly compression: AnswerCompression;
}

/**
 * Finds the plan of a call. There is one for each that `refusals.ts` lets through.
 *
 * @throws Error when there is none.
 */
export type FindPlan = (call: Call, wire: Pick<Wire, "httpMethod" | "target">) => Plan;

/** The request content types, as `plainContentType` spells them. */
const PROTOCOLS: readonly (readonly [contentType: string, WireProtocol, Format])[] = [
  ["application/grpc", grpc, "proto"],
  ["application/grpc+proto", grpc, "proto"],
  ["application/grpc+json", grpc, "json"],
  ["application/grpc-web", grpcWeb, "proto"],
  ["application/grpc-web+proto", grpcWeb, "proto"],
  ["application/grpc-web+json", grpcWeb, "json"],
  ["application/grpc-web-text", grpcWebText, "proto"],
  ["application/grpc-web-text+proto", grpcWebText, "proto"],
  ["application/grpc-web-text+json", grpcWebText, "json"],
  ["application/connect+proto", connectStream, "proto"],
  ["application/connect+json", connectStream, "json"],
  ["application/proto", connectUnary, "proto"],
  ["application/json", connectUnary, "json"],
  // A GET has no content type.
  ["GET proto", connectGet, "proto"],
  ["GET json", connectGet, "json"],
];

export function createPlans(routes: readonly Route[], options: PlanOptions): FindPlan {
  const plans = new Map(routes.map((route) => [route.path, plansOf(route, options)]));
  return ({ head }, { httpMethod, target }) => {
    const type = head.headers["content-type"] ?? "";
    const known = plans.get(head.path);
    const plan = known?.get(httpMethod === "GET" ? `GET ${encodingOfGet(target)}` : type);
    if (plan === undefined) throw new Error(`no plan for ${httpMethod} ${head.path} with ${type}`);
    if (plan.protocol !== grpcWeb || !wantsText(head.headers)) return plan;
    return known?.get(type.replace("grpc-web", "grpc-web-text")) ?? plan;
  };
}

/** Whether a request comes in base64, as its answer does then as well. */
export function isTextRequest({ head }: Call): boolean {
  return wireOf(head.headers["content-type"]) === "grpc-web-text";
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
          ...formOf(route, format, {
            ...options,
            dropsUnknownFields: route.policy.dropsUnknownFields,
            excess: route.excess,
            // Where there may be several messages, each has its envelope.
            isEnveloped: protocol.servesStreams,
            admit: route.handler.admit,
          }),
          contentType: protocol.contentTypes[format],
          registry: options.registry,
          maxRequestBytes: route.policy.maxRequestBytes,
          compression: options.compression,
        },
      ],
    ),
  );
}

/** A handler that takes bytes is handed those that came, unless something is to be made of them here. */
function formOf({ method, handler }: Route, format: Format, options: CodecOptions): CallForm {
  const codec = createCodec(method, format, options);
  if (handler.bytes !== undefined && format === "proto" && !options.dropsUnknownFields)
    return bytesForm(method, handler.bytes, codec.decode, options);
  return { codec, start: handler.start as CallForm["start"] }; // it is given what the codec reads, which is messages
}
