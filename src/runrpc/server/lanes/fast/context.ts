import { type ContextValues, createContextValues, type HandlerContext } from "@connectrpc/connect";
import { principalKey } from "../../auth/principal.ts";
import type { Call } from "../../call/call.ts";
import { callHeadKey } from "../../call/call-head-key.ts";
import { type CallFacts, factsKey } from "../../call-facts.ts";
import { dropServerHeaders } from "../../http/server-headers.ts";
import { sendHeadersKey } from "../../send-headers.ts";
import { headersFromNode } from "./headers.ts";
import type { Plan } from "./plan.ts";
import type { Wire } from "./wire.ts";

/**
 * What a handler learns of its call. Everything is made when it is first read: most handlers read little of it, and
 * signals and headers are the dearest parts of a call. A class, because every call makes one.
 */
export class CallContext implements HandlerContext {
  readonly #call: Call;
  readonly #plan: Plan;
  readonly #wire: Wire;
  readonly #sendHeaders: (() => void) | undefined;
  #values: ContextValues | undefined = undefined;
  #requestHeader: Headers | undefined = undefined;
  #responseHeader: Headers | undefined = undefined;
  #responseTrailer: Headers | undefined = undefined;

  /** @param sendHeaders has the response headers leave before the first message. */
  constructor(call: Call, plan: Plan, wire: Wire, sendHeaders?: () => void) {
    this.#call = call;
    this.#plan = plan;
    this.#wire = wire;
    this.#sendHeaders = sendHeaders;
  }

  get method(): HandlerContext["method"] {
    return this.#plan.route.method;
  }

  get service(): HandlerContext["service"] {
    return this.#plan.route.method.parent;
  }

  get protocolName(): string {
    return this.#plan.protocol.name;
  }

  get requestMethod(): string {
    return this.#wire.httpMethod;
  }

  get url(): string {
    const { headers } = this.#call.head;
    const authority = headers[":authority"] ?? headers.host ?? "";
    return new URL(this.#wire.target, `${this.#wire.scheme}://${authority}`).toString();
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  /** A function of its own, as it may be taken out of the context. */
  get timeoutMs(): () => number | undefined {
    return () => this.#call.remainingMs();
  }

  get values(): ContextValues {
    this.#values ??= createContextValues()
      .set(principalKey, this.#call.principal)
      .set(callHeadKey, this.#call.head)
      .set(sendHeadersKey, this.#sendHeaders);
    return this.#values;
  }

  get [factsKey](): CallFacts {
    const call = this.#call;
    return {
      requestId: call.head.requestId,
      headers: call.head.headers,
      scheme: this.#wire.scheme,
      target: this.#wire.target,
      principal: call.principal,
      onCancel: (listener) => call.onCancel(listener),
    };
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= headersFromNode(this.#call.head.headers);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers({ "content-type": this.#plan.contentType });
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers(this.#plan.protocol.trailer);
    return this.#responseTrailer;
  }

  /** The response headers, if anybody has looked at them, without what a handler may not set. */
  static header(context: CallContext | undefined): Headers | undefined {
    if (context === undefined || context.#responseHeader === undefined) return undefined;
    dropServerHeaders(context.#responseHeader, { "content-type": context.#plan.contentType });
    return context.#responseHeader;
  }

  /** The same of the response trailers. */
  static trailer(context: CallContext | undefined): Headers | undefined {
    if (context === undefined || context.#responseTrailer === undefined) return undefined;
    dropServerHeaders(context.#responseTrailer, context.#plan.protocol.trailer);
    return context.#responseTrailer;
  }
}
