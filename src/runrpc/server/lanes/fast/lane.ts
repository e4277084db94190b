import type { FindCodec } from "../../../codec/codecs.ts";
import type { Call } from "../../call/call.ts";
import type { Gate } from "../../gate.ts";
import type { Routes } from "../../routes/routes.ts";
import type { Lane } from "../lane.ts";
import { Http1Wire } from "./http1.ts";
import { Http2Wire } from "./http2.ts";
import { OwnHttp2Wire } from "./own-http2.ts";
import { createPlans, type Plan } from "./plan.ts";
import { StreamExchange } from "./streaming.ts";
import { UnaryExchange } from "./unary.ts";
import type { Wire } from "./wire.ts";

export interface FastLaneOptions {
  readonly routes: Routes;
  readonly gate: Gate;
  /** The greatest response message, in bytes. */
  readonly maxResponseBytes: number;
  /** How binary messages are read and written. */
  readonly findCodec: FindCodec;
}

/**
 * The lane for the calls that make up the load: gRPC, gRPC-Web and Connect by Node's own streams, with everything that
 * costs time left until it is needed. `createPlans` says which calls it leaves to the stock lane.
 */
export function createFastLane({ routes, gate, maxResponseBytes, findCodec: find }: FastLaneOptions): Lane {
  const findPlan = createPlans(routes.all, { maxResponseBytes, registry: routes.registry, find });

  return {
    serveStream(call, httpMethod, stream) {
      const plan = findPlan(call, httpMethod);
      if (plan !== undefined) serve(gate, plan, call, new Http2Wire(call, stream));
      return plan !== undefined;
    },
    serveOwnStream(call, httpMethod, stream) {
      const plan = findPlan(call, httpMethod);
      if (plan !== undefined) serve(gate, plan, call, new OwnHttp2Wire(call, stream));
      return plan !== undefined;
    },
    serveRequest(call, httpMethod, request, response) {
      const plan = findPlan(call, httpMethod);
      if (plan !== undefined) serve(gate, plan, call, new Http1Wire(call, request, response));
      return plan !== undefined;
    },
    requestIdOf: Http1Wire.requestIdOf,
  };
}

function serve(gate: Gate, plan: Plan, call: Call, wire: Wire): void {
  const isUnary = plan.route.handler.kind === "unary";
  const exchange = isUnary ? new UnaryExchange(plan, call, wire) : new StreamExchange(plan, call, wire);
  wire.exchange = exchange;
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
