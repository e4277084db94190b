import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { OpenCallSchema } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import {
  MonitorService,
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { CountedServer } from "../server/server-metrics.ts";
import { type Activity, activityBetween, type Marks } from "./activity.ts";
import { endedCallFromRecord } from "./ended-call.ts";
import type { Feed } from "./feed.ts";
import { createProcessGauge, createStoreGauge, type DataStats } from "./gauges.ts";

/** What is watched. */
export interface Watched {
  readonly server: CountedServer;
  readonly activity: Activity;
  readonly feed: Feed;
  readonly data: DataStats;
}

/** The method that watches: its own calls are none to look at. */
const WATCH = `${MonitorService.typeName}/${MonitorService.method.watch.name}`;

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
  { server, activity, feed, data }: Watched,
  request: WatchRequest,
  ending: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const intervalMs = Math.max(MIN_INTERVAL_MS, request.intervalMs || DEFAULT_INTERVAL_MS);
  const follower = request.endedCalls ? feed.follow(request.recentCalls) : undefined;
  const processGauge = createProcessGauge();
  const storeGauge = createStoreGauge(data);
  const over = AbortSignal.any([ending, signal]);
  // Undefined: it is over.
  const health = await server.followHealth(over).catch(() => undefined);
  let before: Marks | undefined;
  let beforeMs = performance.now();
  try {
    while (!ending.aborted) {
      const now = activity.mark(server.openCalls());
      const nowMs = performance.now();
      const tookMs = before === undefined ? 0 : nowMs - beforeMs;
      const { connections } = server.stats().listener;
      const shown = server.shownCalls().filter(({ method }) => method !== WATCH);
      const { records = [], leftOut = 0 } = follower?.next() ?? {};
      yield create(WatchResponseSchema, {
        time: timestampNow(),
        intervalMs: tookMs,
        methods: activityBetween(before, now, tookMs).filter(({ method }) => method !== WATCH),
        openCalls: shown.slice(0, request.maxOpenCalls || DEFAULT_OPEN_CALLS).map((call) =>
          create(OpenCallSchema, {
            ...call,
            messagesIn: BigInt(call.messagesIn),
            messagesOut: BigInt(call.messagesOut),
          }),
        ),
        openCallCount: shown.length,
        endedCalls: records.map(endedCallFromRecord),
        leftOutCalls: BigInt(leftOut),
        process: { ...processGauge.look(), connections },
        store: storeGauge(tookMs),
        findings: Object.fromEntries(
          Object.entries(server.stats().findings).map(([kind, count]) => [kind, BigInt(count)]),
        ),
        serving: health?.serving() ?? {},
        threads: Object.entries(server.threads()).map(([service, stats]) => ({ service, ...stats })),
      });
      before = now;
      beforeMs = nowMs;
      await delay(intervalMs, undefined, { signal: over, ref: false }).catch(() => {});
      signal.throwIfAborted();
    }
  } finally {
    follower?.close();
    health?.close();
    processGauge.close();
  }
}
