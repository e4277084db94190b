import { getEventListeners } from "node:events";
import type { Call } from "../server/call/call.ts";
import type { CallWatch } from "../server/call/call-watch.ts";
import { type OpenCall, openCallOf, waitsFor } from "../server/call/open-call.ts";
import type { Member } from "../server/call/roster.ts";
import type { Finding } from "./finding.ts";
import { locate } from "./locate.ts";
import { type Frame, placeOf } from "./place.ts";
import type { FollowedQuery, QueryCaller } from "./queries.ts";
import { type CallTimes, slowCall, slowQuery, slowReader } from "./slow.ts";
import { takeStack } from "./stack.ts";

/** What the findings about calls are held to. */
export interface CallFollowOptions {
  /** How long a handler may go on after its call has ended, in milliseconds. */
  readonly graceMs: number;
  /** What takes longer is slow, in milliseconds. */
  readonly slowMs: number;
  readonly report: (finding: Finding) => void;
  readonly onEnd: (call: FollowedCall) => void;
}

/** Listeners on one signal that pile up: a handler has a few, one that adds one for each message has ever more. */
const MAX_LISTENERS = 16;

/** Queries of a call that are looked at; a stream may make them without end, so those that are done go first. */
const MAX_QUERIES = 64;

/** What debug mode knows of one call. A class, because each call makes one and several places write to it. */
export class FollowedCall implements CallWatch, CallTimes, QueryCaller, Member {
  /** Among the open calls. */
  place = -1;
  readonly call: Call;
  admittedAtMs = 0;
  handlerAtMs = 0;
  handlerDoneAtMs = 0;
  endedAtMs = 0;
  /** The time in which its client read nothing, in milliseconds. */
  stalledMs = 0;
  readonly queries = new Set<FollowedQuery>();
  handler: ((...args: never[]) => unknown) | undefined = undefined;
  iterator: object | undefined = undefined;
  readonly #options: CallFollowOptions;
  #grace: NodeJS.Timeout | undefined = undefined;
  #isStalled = false;
  #isStallTold = false;

  constructor(call: Call, options: CallFollowOptions) {
    this.call = call;
    this.#options = options;
  }

  admitted(): void {
    this.admittedAtMs = performance.now();
  }

  started(handler: (...args: never[]) => unknown): void {
    this.handlerAtMs = performance.now();
    this.handler = handler;
  }

  handlerDone(): void {
    this.handlerDoneAtMs = performance.now();
    clearTimeout(this.#grace);
  }

  /** A query of this call begins. */
  asked(query: FollowedQuery): void {
    if (this.queries.size >= MAX_QUERIES) this.#forgetQuery();
    if (this.queries.size < MAX_QUERIES) this.queries.add(query);
  }

  answered(query: FollowedQuery): void {
    if (query.endedAtMs - query.startedAtMs >= this.#options.slowMs)
      this.#options.report(slowQuery(this, query));
  }

  signalMade(signal: AbortSignal): void {
    const { addEventListener } = signal;
    let added = 0;
    // Its own property, so that what Node adds by itself is seen as well.
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      addEventListener.apply(signal, args);
      if (++added % MAX_LISTENERS === 0) this.#countListeners(signal);
    };
  }

  ended(): void {
    const { call } = this;
    this.endedAtMs = performance.now();
    this.#options.onEnd(this);
    if (call.handlerRunning) this.#grace = setTimeout(() => this.#outlived(), this.#options.graceMs).unref();
    this.#lookForUnheard();
    const slow = slowCall(this, this.#options.slowMs);
    if (slow !== undefined) this.#options.report(slow);
  }

  /** To be asked every `stepMs`: for how long its client has read nothing is added up. */
  lookAtReader(stepMs: number): void {
    const wasStalled = this.#isStalled;
    this.#isStalled = this.call.follower?.isStalled() === true;
    if (!wasStalled || !this.#isStalled) return;
    this.stalledMs += stepMs;
    if (this.stalledMs < this.#options.slowMs || this.#isStallTold) return;
    this.#isStallTold = true;
    this.#options.report(slowReader(this));
  }

  shown(): OpenCall {
    return openCallOf(this.call, this.#waitsFor());
  }

  #waitsFor(): string {
    const known = waitsFor(this.call);
    if (known !== "its handler" && known !== "its answer to leave") return known;
    const names = [...this.queries].filter(({ endedAtMs }) => endedAtMs === 0).map(({ name }) => name);
    if (names.length > 0) return `the query ${[...new Set(names)].slice(0, 5).join(", ")}`;
    return this.handlerAtMs === 0 ? "its request" : known;
  }

  #forgetQuery(): void {
    for (const query of this.queries)
      if (query.endedAtMs !== 0 && query.isHeard()) {
        this.queries.delete(query);
        return;
      }
  }

  #outlived(): void {
    const { call } = this;
    if (!call.handlerRunning) return;
    const { graceMs, report } = this.#options;
    const isStream = this.iterator !== undefined;
    const after = call.cancelledBy === undefined ? "was answered" : `was cancelled (${call.cancelledBy})`;
    report({
      kind: isStream ? "generator_open" : "handler_outlived",
      text: isStream
        ? `a generator has not returned ${graceMs} ms after its call ${after}: its \`finally\` has not run`
        : `a handler goes on ${graceMs} ms after its call ${after}`,
      cure: "give `context.signal` to what it awaits, or race that with the signal",
      call: call.head,
      place: this.#whereItIs(),
    });
  }

  /** The line at which a generator waits, else that of the handler. */
  #whereItIs(): Frame | undefined {
    return (this.iterator && locate(this.iterator)) ?? (this.handler && locate(this.handler));
  }

  /** A call may end in the turn in which its handler asked: an `await` is heard of by the end of that. */
  #lookForUnheard(): void {
    const unheard = [...this.queries].filter((query) => !query.isHeard());
    if (unheard.length === 0) return;
    setImmediate(() => {
      for (const query of unheard) if (!query.isHeard()) this.#unheard(query);
    });
  }

  #unheard({ name, stack: { frames } }: FollowedQuery): void {
    this.#options.report({
      kind: "query_not_awaited",
      text: `the query ${name} was not awaited when its call ended: nobody hears whether it failed`,
      cure: "await it before the answer; what may come later is a chore (docs/data.md)",
      call: this.call.head,
      place: placeOf(frames),
      stack: frames,
      key: name,
    });
  }

  #countListeners(signal: AbortSignal): void {
    const count = getEventListeners(signal, "abort").length;
    if (count < MAX_LISTENERS) return;
    const { frames } = takeStack(signal.addEventListener);
    this.#options.report({
      kind: "signal_listeners",
      text: `${count} listeners wait on the signal of one call`,
      cure: "take each one back when it is no longer needed, or wait for one promise of the signal",
      call: this.call.head,
      place: placeOf(frames),
      stack: frames,
    });
  }
}
