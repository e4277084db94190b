import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import {
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { activityIn, type Interval, type Mark } from "./activity.ts";
import { joinLooks } from "./join-looks.ts";
import { type EndedRequest, type Look, WATCH } from "./look.ts";
import type { Lookout, Looks } from "./lookout.ts";

const DEFAULT_INTERVAL_MS = 1_000;
const DEFAULT_OPEN_CALLS = 100;

/** Faster than this nobody looks, and each look costs. */
const MIN_INTERVAL_MS = 50;

/**
 * What a server does, at once and then in each interval.
 *
 * @param ending aborts when the server drains: the stream ends then
 * @param signal aborts when the call is over; the stream is left by throwing its reason
 */
export async function* watching(
  lookout: Lookout,
  request: WatchRequest,
  ending: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const intervalMs = Math.max(MIN_INTERVAL_MS, request.intervalMs || DEFAULT_INTERVAL_MS);
  const maxOpenCalls = request.maxOpenCalls || DEFAULT_OPEN_CALLS;
  const watcher = randomUUID();
  const over = AbortSignal.any([ending, signal]);
  const processes = createProcesses(request.recentCalls);
  let beforeMs: number | undefined;
  try {
    while (!ending.aborted) {
      const sinceMs = beforeMs && performance.now() - beforeMs;
      const ended = request.endedCalls ? processes.ended() : undefined;
      const all = await lookout.look({ watcher, intervalMs, sinceMs, maxOpenCalls, ended });
      const nowMs = performance.now();
      const { endedCalls, ...joined } = joinLooks(
        all.looks.map(({ told }) => told),
        maxOpenCalls,
      );
      yield create(WatchResponseSchema, {
        ...joined,
        time: timestampNow(),
        intervalMs: beforeMs === undefined ? 0 : nowMs - beforeMs,
        methods: activityIn(processes.intervals(all, nowMs)).filter(({ method }) => method !== WATCH),
        // Each process has told so many.
        endedCalls: beforeMs === undefined ? latest(endedCalls, request.recentCalls) : endedCalls,
        silentWorkers: all.silent,
      });
      beforeMs = nowMs;
      await delay(intervalMs, undefined, { signal: over, ref: false }).catch(() => {});
      signal.throwIfAborted();
    }
  } finally {
    lookout.leave(watcher);
  }
}

function latest<T>(list: readonly T[], count: number): T[] {
  return list.slice(Math.max(0, list.length - count));
}

/** What a process told at its last look. */
interface LastLook {
  readonly marks: readonly Mark[];
  readonly next: number;
  readonly atMs: number;
}

/** The processes that are watched: one that was silent once is told of the longer interval the next time. */
function createProcesses(recentCalls: number) {
  let last = new Map<string, LastLook>();
  let lookedAtMs: number | undefined;

  function intervalOf({ from, isNew, marks }: Look, atMs: number): Interval {
    const before = last.get(from);
    if (before !== undefined) return { before: before.marks, now: marks, tookMs: atMs - before.atMs };
    // One that was silent so far has done what it has nobody knows when.
    if (!isNew || lookedAtMs === undefined) return { before: undefined, now: marks, tookMs: 0 };
    return { before: [], now: marks, tookMs: atMs - lookedAtMs };
  }

  return {
    ended: (): EndedRequest => ({
      after: Object.fromEntries([...last].map(([from, { next }]) => [from, next])),
      recent: lookedAtMs === undefined ? recentCalls : 0,
    }),
    intervals({ looks, silent }: Looks, atMs: number): readonly Interval[] {
      const intervals = looks.map((look) => intervalOf(look, atMs));
      const told = looks.map(({ from, marks, next }) => [from, { marks, next, atMs }] as const);
      // Who says nothing may come back; where all that there are have answered, the others are gone.
      last = new Map(silent === 0 ? told : [...last, ...told]);
      lookedAtMs = atMs;
      return intervals;
    },
  };
}
