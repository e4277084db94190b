import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { timestampMs, timestampNow } from "@bufbuild/protobuf/wkt";
import {
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { activityIn, type Interval, type Mark } from "./activity.ts";
import { joinLooks } from "./join-looks.ts";
import { type EndedRequest, type Look, WATCH } from "./look.ts";
import type { Lookout, Looks } from "./lookout.ts";
import { type Position, positionFromText, textOfPosition } from "./position.ts";

const DEFAULT_INTERVAL_MS = 1_000;
const DEFAULT_OPEN_CALLS = 100;

/** Faster than this nobody looks, and each look costs. */
const MIN_INTERVAL_MS = 50;

/**
 * What a server does, at once and then in each interval.
 *
 * @param ending aborts when the server has drained: the stream ends then, behind a last answer
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
  const from = request.after === "" ? undefined : positionFromText(request.after);
  const processes = createProcesses(request.recentCalls, from);
  let beforeMs: number | undefined;
  try {
    for (let isLast = false; !isLast; ) {
      isLast = ending.aborted;
      // Where another server wrote the position, or the clock was set back, it may lie ahead.
      const sinceMs =
        beforeMs === undefined ? from && Math.max(0, Date.now() - from.atMs) : performance.now() - beforeMs;
      const time = timestampNow();
      const ended = request.endedCalls ? processes.ended() : undefined;
      const all = await lookout.look({ watcher, intervalMs, sinceMs, maxOpenCalls, ended });
      const nowMs = performance.now();
      const { endedCalls, ...joined } = joinLooks(
        all.looks.map(({ told }) => told),
        maxOpenCalls,
      );
      const methods = activityIn(processes.intervals(all, nowMs));
      const places = processes.places();
      yield create(WatchResponseSchema, {
        ...joined,
        time,
        intervalMs: beforeMs === undefined ? 0 : nowMs - beforeMs,
        methods: methods.filter(({ method }) => method !== WATCH),
        // Each process has told so many.
        endedCalls:
          beforeMs === undefined && from === undefined ? latest(endedCalls, request.recentCalls) : endedCalls,
        silentWorkers: all.silent,
        position: request.endedCalls ? textOfPosition({ atMs: timestampMs(time), places }) : "",
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
  readonly atMs: number;
}

/**
 * The processes that are watched: one that was silent once is told of the longer interval the next time.
 *
 * @param recentCalls how many ended calls each tells first, where there is no position to go on from
 */
function createProcesses(recentCalls: number, from: Position | undefined) {
  let last = new Map<string, LastLook>();
  /** Where the next look at each begins to tell of ended calls. */
  let places = new Map(Object.entries(from?.places ?? {}));
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
      after: Object.fromEntries(places),
      recent: lookedAtMs === undefined && from === undefined ? recentCalls : 0,
    }),
    places: () => Object.fromEntries(places),
    intervals({ looks, silent }: Looks, atMs: number): readonly Interval[] {
      const intervals = looks.map((look) => intervalOf(look, atMs));
      const told = looks.map(({ from, marks }) => [from, { marks, atMs }] as const);
      const toldPlaces = looks.map(({ from, next }) => [from, next] as const);
      // Who says nothing may come back; where all that there are have answered, the others are gone.
      last = new Map(silent === 0 ? told : [...last, ...told]);
      places = new Map(silent === 0 ? toldPlaces : [...places, ...toldPlaces]);
      lookedAtMs = atMs;
      return intervals;
    },
  };
}
