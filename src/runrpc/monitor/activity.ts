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

/** What a method has come to in one process at one moment, its open calls included, as JSON has it. */
export interface Mark {
  readonly method: string;
  readonly kind: string;
  readonly calls: number;
  readonly faults: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** As of `Tally`. */
  readonly durations: readonly number[];
  readonly openCalls: number;
  readonly oldestAgeMs: number;
}

/** What one process did between two moments. */
export interface Interval {
  /** Undefined: there is no earlier moment, and no rate. */
  readonly before: readonly Mark[] | undefined;
  readonly now: readonly Mark[];
  /** How long it was, in milliseconds. */
  readonly tookMs: number;
}

/** Counts the calls of each method. */
export interface Activity {
  ended(call: Call): void;
  /** All methods that have been called, at this moment. */
  marks(open: Iterable<Call>): readonly Mark[];
}

/** Starts to count. */
export function createActivity(routes: readonly Route[]): Activity {
  const byRoute = new Map(routes.map((route) => [route, new Tally(route)]));
  const others = new Tally(undefined);
  const tallyOf = ({ route }: Call["head"]): Tally =>
    (route === undefined ? undefined : byRoute.get(route)) ?? others;

  return {
    ended: (call) => tallyOf(call.head).take(call),
    marks(open) {
      const nowMs = performance.now();
      const openOf = Map.groupBy(open, ({ head }) => tallyOf(head));
      return [...byRoute.values(), others]
        .filter((tally) => tally.calls > 0 || openOf.has(tally))
        .map((tally) => markOf(tally, openOf.get(tally) ?? [], nowMs));
    },
  };
}

function markOf(tally: Tally, open: readonly Call[], nowMs: number): Mark {
  const mark = {
    method: tally.method,
    kind: tally.kind,
    calls: tally.calls,
    faults: tally.faults,
    messagesIn: tally.messagesIn,
    messagesOut: tally.messagesOut,
    durations: [...tally.durations],
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

/** What came to a method in all processes. */
interface Sum extends Record<Rate, number> {
  readonly kind: string;
  openCalls: number;
  oldestAgeMs: number;
  readonly durations: number[];
}

const COUNTS = {
  callsPerSecond: "calls",
  faultsPerSecond: "faults",
  messagesInPerSecond: "messagesIn",
  messagesOutPerSecond: "messagesOut",
} as const;

type Rate = keyof typeof COUNTS;

function emptySum(kind: string): Sum {
  const rates = { callsPerSecond: 0, faultsPerSecond: 0, messagesInPerSecond: 0, messagesOutPerSecond: 0 };
  return { kind, ...rates, openCalls: 0, oldestAgeMs: 0, durations: [] };
}

function add(sum: Sum, now: Mark, before: Mark | undefined, tookMs: number): void {
  for (const [rate, count] of Object.entries(COUNTS) as [Rate, (typeof COUNTS)[Rate]][]) // as it is written above
    if (tookMs > 0) sum[rate] += (Math.max(0, now[count] - (before?.[count] ?? 0)) * 1_000) / tookMs;
  sum.openCalls += now.openCalls;
  sum.oldestAgeMs = Math.max(sum.oldestAgeMs, now.oldestAgeMs);
  now.durations.forEach((calls, bucket) => {
    sum.durations[bucket] = (sum.durations[bucket] ?? 0) + calls - (before?.durations[bucket] ?? 0);
  });
}

/**
 * What happened in all processes, in an interval of each: the busiest method first, without those of which there is nothing to say.
 */
export function activityIn(intervals: readonly Interval[]): MethodActivity[] {
  const sums = new Map<string, Sum>();
  for (const { before, now, tookMs } of intervals) {
    const earlier = new Map((before ?? now).map((mark) => [mark.method, mark]));
    for (const mark of now) {
      const sum = sums.get(mark.method) ?? emptySum(mark.kind);
      sums.set(mark.method, sum);
      add(sum, mark, earlier.get(mark.method), tookMs);
    }
  }
  return [...sums]
    .map(([method, { durations, ...sum }]) => ({
      method,
      ...sum,
      p50Ms: quantile(durations, 0.5),
      p95Ms: quantile(durations, 0.95),
      p99Ms: quantile(durations, 0.99),
    }))
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
