import type { IncomingHttpHeaders } from "node:http";
import { performance } from "node:perf_hooks";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Principal } from "../auth/principal.ts";
import { codeName } from "../errors.ts";
import type { CorsHeaders } from "../http/cors.ts";
import type { Origin } from "../http/origin.ts";
import type { Route } from "../routes/routes.ts";
import type { CallTrace } from "./call-trace.ts";
import type { CallWatch } from "./call-watch.ts";
import type { Deadlines, Timed } from "./deadlines.ts";
import type { LoopTurns } from "./loop-turns.ts";
import type { CallRecord, CancelledBy, Protocol } from "./record.ts";
import type { Member } from "./roster.ts";
import type { WallClock } from "./wall-clock.ts";

/** What is known of a call from its headers. */
export interface CallHead {
  /** Undefined when no such method is served. */
  readonly route: Route | undefined;
  /** The path as it was asked for, without its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly protocol: Protocol;
  readonly httpVersion: CallRecord["httpVersion"];
  /** The address of the client, without its port: behind a trusted proxy, the one that the proxy names. */
  readonly peer: string;
  /** The connection that it came by. */
  readonly origin?: Origin | undefined;
  readonly requestId: string;
  /** What the client asks for; undefined when it asks for nothing, NaN when what it sent cannot be read. */
  readonly timeoutMs: number | undefined;
  /** What goes out with every answer, beside the request id; undefined where CORS is off. */
  readonly corsHeaders: CorsHeaders | undefined;
}

/** The headers that go out with every answer. */
export function headersOfEvery({ requestId, corsHeaders }: CallHead): Readonly<Record<string, string>> {
  return { "x-request-id": requestId, ...corsHeaders };
}

/** What a call needs of the lane that serves it. */
export interface Follower {
  /** Hears of a cancel before all others. */
  cancelled(reason: ConnectError): void;
  /** Whether something that was written waits for its client to read. */
  isStalled(): boolean;
  /** Of the call's `bytesOut`, what has not left this process yet. */
  waitingBytes(): number;
  /** Ends the exchange at once, as its client does not read. */
  cut(): void;
}

/** What a call needs of the server that it runs in. */
export interface CallOwner {
  readonly deadlines: Deadlines;
  readonly turns: LoopTurns;
  /** Runs code as a part of a call. For what nobody catches alone: nothing else depends on it. */
  enter<A, B, R>(head: CallHead, run: (a: A, b: B) => R, a: A, b: B): R;
  readonly wallClock: WallClock;
  /** Whether the first message of an answer that may have many is to be timed. */
  readonly timesFirst: boolean;
  /** Turns anything thrown into what the client may see, and logs what it may not. */
  failure(call: Call, reason: unknown): ConnectError;
  /** Logs what user code threw when its client could not be told any more. */
  failedLate(call: Call, reason: unknown): void;
  /** Called once, when the gate has let the call in. */
  admitted(): void;
  /** Called once, when the response has ended or the client is gone. */
  ended(call: Call): void;
}

/** How long after its deadline an answer may wait for its client to read it, in milliseconds. */
const UNREAD_MS = 200;

/**
 * One call, from its headers to the end of its response: who calls, until when, what came of it. A class,
 * because every call makes one and both lanes read it on the hot path: one hidden shape.
 *
 * It goes through three states: open → settled (the handler is done, or was cancelled) → ended (so is the response).
 */
export class Call implements Member, Timed {
  /** Among the open calls. */
  place = -1;
  /** Among the deadlines. */
  heapPlace = -1;
  readonly head: CallHead;
  readonly startedAtMs: number = performance.now();
  principal: Principal | undefined = undefined;
  messagesIn = 0;
  messagesOut = 0;
  /** When the first of them was given, where there may be many and somebody asks for it (`CallOwner.timesFirst`); 0 until then. */
  firstSentAtMs = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** True while user code runs for this call. */
  handlerRunning = false;
  /** Called when user code that outlived its call is done after all. */
  onHandlerDone: (() => void) | undefined = undefined;
  error: ConnectError | undefined = undefined;
  cancelledBy: CancelledBy | undefined = undefined;
  /** The exchange of the lane that serves the call. */
  follower: Follower | undefined = undefined;
  /** Unties the call from its key. */
  release: (() => void) | undefined = undefined;
  /** Its span, where spans are made. */
  trace: CallTrace | undefined = undefined;
  /** What follows the call: debug mode, or the page. */
  watch: CallWatch | undefined = undefined;
  readonly #owner: CallOwner;
  #admitted = false;
  #settled = false;
  #isCancelled = false;
  #hasFailedLate = false;
  #endedAtMs = 0;
  /** The same moment on the system's clock. */
  #endedAtWallMs = 0;
  #deadlineAtMs = 0;
  #controller: AbortController | undefined = undefined;
  #listeners: Set<(reason: ConnectError) => void> | undefined = undefined;

  constructor(head: CallHead, owner: CallOwner) {
    this.head = head;
    this.#owner = owner;
  }

  /** From its headers to its end, in milliseconds; to this moment while it is open. */
  get durationMs(): number {
    return (this.#endedAtMs || performance.now()) - this.startedAtMs;
  }

  /** Counts a message of an answer that may have many. */
  sent(): void {
    if (this.messagesOut++ === 0 && this.#owner.timesFirst) this.firstSentAtMs = performance.now();
  }

  /** Brings `bytesOut` up to date, which on our own HTTP/2 is known to the stream until somebody looks. */
  countSentBytes(): void {
    this.follower?.isStalled();
  }

  /** Shared by all streams. */
  get turns(): LoopTurns {
    return this.#owner.turns;
  }

  /** Whether the gate has let it in. */
  get admitted(): boolean {
    return this.#admitted;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get isEnded(): boolean {
    return this.#endedAtMs !== 0;
  }

  /** Aborts on cancel, deadline, shutdown or a revoked key, with a ConnectError that says which; never after success. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.watch?.signalMade(this.#controller.signal);
      if (this.#isCancelled) this.#controller.abort(this.error);
    }
    return this.#controller.signal;
  }

  /** The gate lets the call in: from here on it counts against the greatest number of open calls. */
  admit(): void {
    this.#admitted = true;
    this.#owner.admitted();
    this.watch?.admitted();
  }

  /** Starts the clock, from the arrival of the headers: at the deadline the call is cancelled. */
  startDeadline(timeoutMs: number): void {
    this.#deadlineAtMs = this.startedAtMs + timeoutMs;
    this.#owner.deadlines.add(this);
  }

  /** When the call is cancelled at the latest, on the clock of `performance.now()`; 0 is never. */
  get deadlineAtMs(): number {
    return this.#deadlineAtMs;
  }

  expire(): void {
    const timeoutMs = Math.round(this.#deadlineAtMs - this.startedAtMs);
    const reason = `the deadline of ${timeoutMs} ms is exceeded`;
    const error = new ConnectError(reason, Code.DeadlineExceeded);
    if (!this.#settled) this.cancel("deadline", error);
    // What was written in this moment is on its way, its status too. What nobody reads even then is not worth keeping.
    else setTimeout(() => this.isEnded || this.cut("deadline", error), UNREAD_MS).unref();
  }

  /** Ends the call whose client does not read, also after success: what it was to be told does not arrive. */
  cut(by: CancelledBy, reason: ConnectError): void {
    if (!this.#settled) this.cancel(by, reason);
    else if (this.follower?.isStalled() === true) {
      this.cancelledBy = by;
      this.error = reason;
    }
    this.follower?.cut();
  }

  /** What is left until the deadline, in milliseconds; undefined without one. */
  remainingMs(): number | undefined {
    if (this.#deadlineAtMs === 0) return undefined;
    // A timer may fire a moment before its time by this clock.
    return this.cancelledBy === "deadline" ? 0 : Math.max(0, this.#deadlineAtMs - performance.now());
  }

  /** Ends the call from outside its handler. The first reason stays; after the handler is done nothing happens. */
  cancel(by: CancelledBy, reason: ConnectError): void {
    if (this.#settled) return;
    this.#isCancelled = true;
    this.cancelledBy = by;
    this.#settle(reason);
    this.follower?.cancelled(reason);
    if (this.#controller !== undefined) this.enter(abort, this.#controller, reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(reason);
  }

  /** Runs once when the call is cancelled: at once if it was already. Returns a function that takes it back. */
  onCancel(listener: (reason: ConnectError) => void): () => void {
    if (this.#isCancelled && this.error !== undefined) {
      listener(this.error);
      return nothing;
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  /** Runs user code as a part of this call, so that of an error which nobody catches it is known where it comes from. */
  enter<A, B, R>(run: (a: A, b: B) => R, a: A, b: B): R {
    const { trace, head } = this;
    if (trace === undefined) return this.#owner.enter(head, run, a, b);
    return this.#owner.enter(head, (one, other) => trace.enter(run, one, other), a, b);
  }

  /** User code is done, whatever came of it. */
  handlerDone(): void {
    this.handlerRunning = false;
    this.watch?.handlerDone();
    this.onHandlerDone?.();
  }

  /** The handler is done, and well. */
  succeed(): void {
    if (!this.#settled) this.#settle(undefined);
  }

  /** The call has failed. Returns what the client is told, which after a cancel is the reason of the cancel. */
  fail(reason: unknown): ConnectError {
    if (this.cancelledBy !== undefined && this.error !== undefined) return this.error;
    const error = this.#owner.failure(this, reason);
    // Once settled, only the writing of the response can still fail, and what the client is told then is this.
    this.#settle(error);
    return error;
  }

  /** User code threw after the call had its outcome: its `finally`, after a cancel. Logged once for each call. */
  failLate(reason: unknown): void {
    if (this.#hasFailedLate) return;
    this.#hasFailedLate = true;
    this.#owner.failedLate(this, reason);
  }

  /** The response has ended, or the client is gone. */
  end(): void {
    if (this.#endedAtMs !== 0) return;
    if (!this.#settled) this.cancel("client", clientGone());
    if (this.heapPlace !== -1) this.#owner.deadlines.delete(this);
    this.#endedAtMs = performance.now();
    this.#endedAtWallMs = this.#owner.wallClock(this.#endedAtMs);
    this.#owner.ended(this);
    this.watch?.ended();
    this.trace?.ended();
  }

  /** What is written of the call once it has ended. */
  record(): CallRecord {
    const { path, protocol, httpVersion, peer, requestId, route } = this.head;
    const named = route === undefined ? nameIn(path) : { service: route.service, method: route.method.name };
    const endedAtMs = this.#endedAtMs || performance.now();
    const durationMs = endedAtMs - this.startedAtMs;
    const endedAtWallMs = this.#endedAtWallMs || this.#owner.wallClock(endedAtMs);
    return {
      requestId,
      service: named.service,
      method: named.method,
      kind: route?.method.methodKind ?? "unknown",
      protocol,
      httpVersion,
      code: this.error === undefined ? "ok" : codeName(this.error.code),
      error: this.error?.rawMessage ?? "",
      startedAt: new Date(endedAtWallMs - durationMs),
      durationMs,
      messagesIn: this.messagesIn,
      messagesOut: this.messagesOut,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      peer,
      subject: this.principal?.subject,
      keyId: this.principal?.keyId,
      cancelledBy: this.cancelledBy,
      abandoned: this.handlerRunning,
      ...(this.trace === undefined ? {} : { traceId: this.trace.traceId }),
    };
  }

  #settle(error: ConnectError | undefined): void {
    this.#settled = true;
    this.error = error;
  }
}

/** What a path that nobody serves calls its service and method. */
function nameIn(path: string): { readonly service: string; readonly method: string } {
  const slash = path.lastIndexOf("/");
  return {
    service: path.slice(1, Math.max(slash, 1)).slice(0, 200),
    method: path.slice(slash + 1).slice(0, 200),
  };
}

/** Why a call is cancelled whose client has left it. */
export function clientGone(): ConnectError {
  return new ConnectError("the client cancelled the call", Code.Canceled);
}

/** A listener that throws is a stray: Node throws it again where nobody catches it. */
function abort(controller: AbortController, reason: ConnectError): void {
  controller.abort(reason);
}

function nothing(): void {}
