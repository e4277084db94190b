import type { Call } from "../server/call/call.ts";
import type { Route } from "../server/routes/routes.ts";
import { quantile, Tally } from "./tally.ts";

/** What came to one method in one interval. */
export interface MethodActivity {
  readonly method: string;
  readonly kind: string;
  readonly callsPerSecond: number;
  readonly faultsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly openCalls: number;
  readonly oldestAgeMs: number;
  readonly messagesInPerSecond: number;
  readonly messagesOutPerSecond: number;
}

/** What a method has come to at one moment, its open calls included. */
interface Mark {
  readonly calls: number;
  readonly faults: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly durations: Float64Array;
  readonly openCalls: number;
  readonly oldestAgeMs: number;
}

/** All methods at one moment, to be compared with a later one. */
export type Marks = ReadonlyMap<Tally, Mark>;

/** Counts the calls of each method. */
export interface Activity {
  ended(call: Call): void;
  mark(open: Iterable<Call>): Marks;
}

/** Starts to count. */
export function createActivity(routes: readonly Route[]): Activity {
  const byRoute = new Map(routes.map((route) => [route, new Tally(route)]));
  const others = new Tally(undefined);
  const tallyOf = ({ route }: Call["head"]): Tally =>
    (route === undefined ? undefined : byRoute.get(route)) ?? others;

  return {
    ended: (call) => tallyOf(call.head).take(call),
    mark(open) {
      const nowMs = performance.now();
      const openOf = Map.groupBy(open, ({ head }) => tallyOf(head));
      return new Map(
        [...byRoute.values(), others].map((tally) => [tally, markOf(tally, openOf.get(tally) ?? [], nowMs)]),
      );
    },
  };
}

function markOf(tally: Tally, open: readonly Call[], nowMs: number): Mark {
  const mark = {
    calls: tally.calls,
    faults: tally.faults,
    messagesIn: tally.messagesIn,
    messagesOut: tally.messagesOut,
    durations: tally.durations.slice(),
    openCalls: open.length,
    oldestAgeMs: 0,
  };
  for (const { startedAtMs, messagesIn, messagesOut } of open) {
    mark.oldestAgeMs = Math.max(mark.oldestAgeMs, nowMs - startedAtMs);
    mark.messagesIn += messagesIn;
    mark.messagesOut += messagesOut;
  }
  return mark;
}

/**
 * What happened between two moments, the busiest method first, without those of which there is nothing to say.
 *
 * @param before undefined: there is no earlier one, and no rate
 */
export function activityBetween(before: Marks | undefined, now: Marks, intervalMs: number): MethodActivity[] {
  const perSecond = (count: number): number =>
    before === undefined || intervalMs === 0 ? 0 : (Math.max(0, count) * 1_000) / intervalMs;
  return [...now]
    .map(([tally, mark]) => {
      const earlier = before === undefined ? mark : before.get(tally);
      const grown = (count: "calls" | "faults" | "messagesIn" | "messagesOut"): number =>
        perSecond(mark[count] - (earlier?.[count] ?? 0));
      const tookMs = (part: number): number => quantile(mark.durations, earlier?.durations, part);
      return {
        method: tally.method,
        kind: tally.kind,
        callsPerSecond: grown("calls"),
        faultsPerSecond: grown("faults"),
        p50Ms: tookMs(0.5),
        p95Ms: tookMs(0.95),
        p99Ms: tookMs(0.99),
        openCalls: mark.openCalls,
        oldestAgeMs: mark.oldestAgeMs,
        messagesInPerSecond: grown("messagesIn"),
        messagesOutPerSecond: grown("messagesOut"),
      };
    })
    .filter(
      ({ callsPerSecond, openCalls, messagesInPerSecond, messagesOutPerSecond }) =>
        callsPerSecond + openCalls + messagesInPerSecond + messagesOutPerSecond > 0,
    )
    .sort(
      (one, other) =>
        other.callsPerSecond - one.callsPerSecond ||
        other.openCalls - one.openCalls ||
        one.method.localeCompare(other.method),
    );
}
