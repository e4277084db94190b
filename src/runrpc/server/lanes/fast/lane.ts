import type { FindCodec } from "../../../codec/codecs.ts";
import type { Call } from "../../call/call.ts";
import type { Gate } from "../../gate.ts";
import type { Routes } from "../../routes/routes.ts";
import type { AnswerCompression } from "../answer-compression.ts";
import type { Lane } from "../lane.ts";
import { Base64Wire } from "./base64-wire.ts";
import { Http1Wire } from "./http1.ts";
import { Http2Wire } from "./http2.ts";
import { OwnHttp2Wire } from "./own-http2.ts";
import { createPlans, isTextRequest } from "./plan.ts";
import { StreamExchange } from "./streaming.ts";
import { UnaryExchange } from "./unary.ts";
import type { Wire } from "./wire.ts";

export interface FastLaneOptions {
  readonly routes: Routes;
  readonly gate: Gate;
  /** The greatest response message, in bytes. */
  readonly maxResponseBytes: number;
  readonly compression: AnswerCompression;
  /** How binary messages are read and written. */
  readonly findCodec: FindCodec;
}

/**
 * The lane of our own: gRPC, gRPC-Web and Connect on the streams of either HTTP version, with everything that costs time
 * left until it is needed.
 */
export function createFastLane(options: FastLaneOptions): Lane {
  const { routes, gate, maxResponseBytes, compression, findCodec: find } = options;
  const findPlan = createPlans(routes.all, {
    maxResponseBytes,
    registry: routes.registry,
    compression,
    find,
  });

  function serve(call: Call, wire: Wire): void {
    const plan = findPlan(call, wire);
    const ours = plan.protocol.isText ? new Base64Wire(wire, isTextRequest(call)) : wire;
    const isUnary = plan.route.handler.kind === "unary";
    const exchange = isUnary ? new UnaryExchange(plan, call, ours) : new StreamExchange(plan, call, ours);
    ours.listener = exchange;
    call.follower = exchange;
    try {
      const admitted = gate.admit(call);
      if (admitted === undefined) exchange.begin();
      else
        admitted.then(
          () => exchange.begin(),
          (reason: unknown) => exchange.fail(reason),
        );
    } catch (reason) {
      exchange.fail(reason);
    }
  }

  return {
    serveStream: (call, stream) => serve(call, new Http2Wire(call, stream)),
    serveOwnStream: (call, stream) => serve(call, new OwnHttp2Wire(call, stream)),
    serveRequest: (call, request, response) => serve(call, new Http1Wire(call, request, response)),
    requestIdOf: Http1Wire.requestIdOf,
  };
}
