import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import type { Call } from "../server/call/call.ts";
import type { CallTrace } from "../server/call/call-trace.ts";
import type { Member } from "../server/call/roster.ts";
import { isServerFault, OTHER_METHOD, statusOf, systemOf } from "../server/call/rpc-names.ts";
import type { TraceApi } from "./find-api.ts";
import { guarded } from "./guarded.ts";

/** What all spans of a server are made with. */
export interface SpanMaker {
  readonly api: TraceApi;
  readonly tracer: Tracer;
  /** Called once, when the call has ended. */
  readonly onEnd: (span: CallSpan) => void;
}

/** The SERVER span of a call. A class, because each call makes one: one hidden shape. */
export class CallSpan implements CallTrace, Member {
  /** Among the open ones. */
  place = -1;
  readonly traceId: string;
  readonly isStream: boolean;
  readonly #maker: SpanMaker;
  readonly #call: Call;
  readonly #span: Span;
  readonly #context: Context;
  /** Until when parts of a stream have been told, and what it had sent and received by then. */
  #toldMs: number;
  #toldIn = 0;
  #toldOut = 0;

  constructor(maker: SpanMaker, call: Call, parent: Context) {
    const { api, tracer } = maker;
    this.#maker = maker;
    this.#call = call;
    this.#toldMs = Date.now();
    this.isStream = call.head.route !== undefined && call.head.route.method.methodKind !== "unary";
    const options = { kind: api.SpanKind.SERVER, attributes: attributesOf(call) };
    this.#span = tracer.startSpan(nameOf(call), options, parent);
    this.traceId = this.#span.spanContext().traceId;
    this.#context = api.trace.setSpan(parent, this.#span);
  }

  enter<A, B, R>(run: (a: A, b: B) => R, a: A, b: B): R {
    return this.#maker.api.context.with(this.#context, run, undefined, a, b);
  }

  /** Tells of a stream that is still open, by a child span of the time since the last one, with what passed in it. */
  tellPart(): void {
    const { messagesIn, messagesOut } = this.#call;
    const nowMs = Date.now();
    const part = this.#maker.tracer.startSpan(
      `${nameOf(this.#call)} still open`,
      {
        // The clock may have been set back since.
        startTime: Math.min(this.#toldMs, nowMs),
        attributes: {
          "runrpc.messages_in": messagesIn - this.#toldIn,
          "runrpc.messages_out": messagesOut - this.#toldOut,
        },
      },
      this.#context,
    );
    part.end(nowMs);
    this.#toldMs = nowMs;
    this.#toldIn = messagesIn;
    this.#toldOut = messagesOut;
  }

  ended(): void {
    this.#maker.onEnd(this);
    guarded(this.#maker.api, () => {
      if (this.#span.isRecording()) this.#tellOutcome();
      this.#span.end();
    });
  }

  #tellOutcome(): void {
    const { head, error, messagesIn, messagesOut, cancelledBy } = this.#call;
    const code = error?.code ?? 0;
    const status = statusOf(systemOf(head.protocol), code);
    const attributes: Attributes = {
      "rpc.status_code": status,
      "runrpc.messages_in": messagesIn,
      "runrpc.messages_out": messagesOut,
    };
    if (cancelledBy !== undefined) attributes["runrpc.cancelled_by"] = cancelledBy;
    if (isServerFault(code)) {
      attributes["error.type"] = status;
      this.#span.setStatus({
        code: this.#maker.api.SpanStatusCode.ERROR,
        message: error?.rawMessage ?? "",
      });
    }
    this.#span.setAttributes(attributes);
  }
}

/** `service/Method`; what nobody serves goes by its protocol, so that strangers name no span. */
function nameOf({ head }: Call): string {
  return head.route?.path.slice(1) ?? systemOf(head.protocol);
}

/** The greatest length of a method's name that nobody serves, in characters. */
const MAX_NAME = 200;

function attributesOf({ head }: Call): Attributes {
  const { route, path, protocol, peer, requestId, httpVersion } = head;
  return {
    "rpc.system.name": systemOf(protocol),
    "rpc.method": route?.path.slice(1) ?? OTHER_METHOD,
    ...(route === undefined ? { "rpc.method_original": path.slice(1, MAX_NAME + 1) } : {}),
    "client.address": peer,
    "network.protocol.name": "http",
    "network.protocol.version": httpVersion === "2.0" ? "2" : httpVersion,
    "runrpc.request_id": requestId,
    "runrpc.kind": route?.method.methodKind ?? "unknown",
  };
}
