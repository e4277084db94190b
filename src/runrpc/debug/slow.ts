import type { Call } from "../server/call/call.ts";
import type { Finding } from "./finding.ts";
import { placeOf } from "./place.ts";
import type { FollowedQuery } from "./queries.ts";

/** When what happened to a call, by `performance.now()`; 0 is not yet, or never. */
export interface CallTimes {
  readonly call: Call;
  readonly admittedAtMs: number;
  readonly handlerAtMs: number;
  readonly handlerDoneAtMs: number;
  readonly endedAtMs: number;
  /** For how long its client read nothing. */
  readonly stalledMs: number;
  readonly queries: Iterable<FollowedQuery>;
}

/**
 * A call that took longer than `slowMs`. Of streams the duration says nothing, as a stream may stay open on purpose: their
 * queries and their readers are looked at for themselves.
 */
export function slowCall(followed: CallTimes, slowMs: number): Finding | undefined {
  const { call, endedAtMs } = followed;
  const { method } = call.head.route ?? {};
  const tookMs = endedAtMs - call.startedAtMs;
  if (method?.methodKind !== "unary" || tookMs < slowMs) return undefined;
  const parts = partsOf(followed);
  const [longest] = Object.entries(parts).sort(([, one], [, other]) => other - one);
  return {
    kind: "slow_call",
    text: `a call took ${Math.round(tookMs)} ms, most of it ${longest?.[0] ?? "unknown"} (${Math.round(longest?.[1] ?? 0)} ms)`,
    call: call.head,
    tookMs,
    parts,
  };
}

/** A query that took longer than `slowMs`, in a call of any kind. */
export function slowQuery({ call }: CallTimes, query: FollowedQuery): Finding {
  const tookMs = query.endedAtMs - query.startedAtMs;
  const ranMs = query.ranMs ?? tookMs;
  const queuedMs = Math.max(0, tookMs - ranMs);
  const { frames } = query.stack;
  return {
    kind: "slow_query",
    text: `the query ${query.name} took ${Math.round(tookMs)} ms: ${Math.round(queuedMs)} ms in the store's queue, ${Math.round(ranMs)} ms in its worker`,
    cure:
      queuedMs > ranMs
        ? "other queries held the workers: look for slow ones, or raise database.readers"
        : "look at its plan (EXPLAIN QUERY PLAN), or give it less to do at a time",
    call: call.head,
    place: placeOf(frames),
    stack: frames,
    tookMs,
    parts: { "the store's queue": Math.round(queuedMs), [`the query ${query.name}`]: Math.round(ranMs) },
    key: query.name,
  };
}

/** A client that has read nothing for `slowMs` in all. */
export function slowReader({ call, stalledMs }: CallTimes): Finding {
  return {
    kind: "slow_reader",
    text: `a client has not read for ${Math.round(stalledMs)} ms of its call`,
    cure: "the handler waits meanwhile, as it should; timeouts.write_timeout_ms is when such a client is cut off",
    call: call.head,
    tookMs: stalledMs,
  };
}

/** What the time of a call went to, in milliseconds; what it had nothing of is not there. */
function partsOf(followed: CallTimes): Readonly<Record<string, number>> {
  const { call, admittedAtMs, handlerAtMs, handlerDoneAtMs, endedAtMs, stalledMs, queries } = followed;
  const admitted = admittedAtMs || endedAtMs;
  const started = handlerAtMs || endedAtMs;
  const done = Math.max(started, Math.min(handlerDoneAtMs || endedAtMs, endedAtMs));
  const parts: Record<string, number> = {};
  const add = (name: string, ms: number): void => {
    const rounded = Math.round((parts[name] ?? 0) + ms);
    if (rounded > 0) parts[name] = rounded;
  };
  add("the gate", admitted - call.startedAtMs);
  add("its request, and interceptors", started - admitted);
  let queryMs = 0;
  for (const query of queries) {
    const tookMs = (query.endedAtMs || endedAtMs) - query.startedAtMs;
    const ranMs = query.ranMs ?? tookMs;
    queryMs += tookMs;
    add("the store's queue", tookMs - ranMs);
    add(`the query ${query.name}`, ranMs);
  }
  // Queries that ran at the same time are longer together than the handler.
  add("its handler", Math.max(0, done - started - queryMs));
  add("its client, which did not read", Math.min(stalledMs, endedAtMs - done));
  add("its answer", endedAtMs - done - Math.min(stalledMs, endedAtMs - done));
  return parts;
}
