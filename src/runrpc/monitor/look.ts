import { randomUUID } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { OpenCallSchema } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import {
  MonitorService,
  type WatchResponse,
  WatchResponseSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { CountedServer } from "../server/server-metrics.ts";
import type { Activity, Mark } from "./activity.ts";
import { endedCallFromRecord } from "./ended-call.ts";
import type { Feed } from "./feed.ts";
import { createProcessGauge, createStoreGauge, type DataStats } from "./gauges.ts";
import { createWatchers } from "./watchers.ts";

/** What one process tells of itself at one moment. */
export interface Look {
  /** Its name: another one for each process, and for the one that takes its place. */
  readonly from: string;
  /** It has begun since the watcher looked before: all that it has done was done since. */
  readonly isNew: boolean;
  /** What those are told who watch, of this process alone and without the methods. */
  readonly told: WatchResponse;
  readonly marks: readonly Mark[];
  /** Where the next look begins to tell of ended calls. */
  readonly next: number;
}

/** What is asked of each process. */
export interface LookRequest {
  /** A name for whoever asks, again and again: rates are those since the last time. */
  readonly watcher: string;
  readonly intervalMs: number;
  /** Since it looked before, in milliseconds; undefined at first. */
  readonly sinceMs: number | undefined;
  /** The oldest, so many. */
  readonly maxOpenCalls: number;
  /** Undefined: ended calls are not told. */
  readonly ended: EndedRequest | undefined;
}

/** Which ended calls are told. */
export interface EndedRequest {
  /** `next` of the last look of each process, by its name. */
  readonly after: Readonly<Record<string, number>>;
  /** How many are told by a process that is not among these; by one that is new all. */
  readonly recent: number;
}

/** Tells of this process. */
export interface Looker {
  /** @param signal ends the waiting for what health says first: it is left out then */
  look(request: LookRequest, signal: AbortSignal): Promise<Look>;
  /** A look at this process in its last moment, as text, for those who follow calls; empty where nobody has followed any. */
  lastLook(): string;
  /** This watcher looks no more. */
  leave(watcher: string): void;
  close(): void;
}

export interface LookerParts {
  readonly server: CountedServer;
  readonly activity: Activity;
  readonly feed: Feed;
  readonly data: DataStats;
}

/** The method that watches: its own calls are none to look at. */
export const WATCH = `${MonitorService.typeName}/${MonitorService.method.watch.name}`;

/** How long after its next look is due a watcher is forgotten, in milliseconds. */
export const LATE_MS = 10_000;

/** What a process that is ready may wait for before it is asked for the first time, in milliseconds. */
const NOT_ASKED_MS = 5_000;

export function createLooker({ server, activity, feed, data }: LookerParts): Looker {
  const from = randomUUID();
  const begunMs = performance.now();
  let isFollowed = false;
  const watchers = createWatchers(() => openWatcher(server, data));

  function endedSince(request: EndedRequest | undefined, isNew: boolean) {
    if (request === undefined) return { records: [], leftOut: 0, next: 0 };
    isFollowed = true;
    const { after, recent } = request;
    return feed.since(after[from] ?? (isNew ? 0 : feed.before(recent)));
  }

  return {
    async look({ watcher, intervalMs, sinceMs, maxOpenCalls, ended }, signal) {
      const { gauge, storeGauge, health } = watchers.of(watcher, intervalMs + LATE_MS);
      const serving = (await unlessAborted(health, signal))?.serving() ?? {};
      const { listener, findings } = server.stats();
      const shown = server.shownCalls().filter(({ method }) => method !== WATCH);
      const isNew = sinceMs !== undefined && performance.now() - begunMs < sinceMs + NOT_ASKED_MS;
      const { records, leftOut, next } = endedSince(ended, isNew);
      const told = create(WatchResponseSchema, {
        time: timestampNow(),
        openCalls: shown.slice(0, maxOpenCalls).map((call) =>
          create(OpenCallSchema, {
            ...call,
            messagesIn: BigInt(call.messagesIn),
            messagesOut: BigInt(call.messagesOut),
          }),
        ),
        openCallCount: shown.length,
        endedCalls: records.map(endedCallFromRecord),
        leftOutCalls: BigInt(leftOut),
        process: { ...gauge.look(), connections: listener.connections },
        store: storeGauge.look(),
        findings: Object.fromEntries(Object.entries(findings).map(([kind, count]) => [kind, BigInt(count)])),
        serving,
        threads: Object.entries(server.threads()).map(([service, stats]) => ({ service, ...stats })),
      });
      return { from, isNew, told, next, marks: activity.marks(server.openCalls()) };
    },
    lastLook() {
      if (!isFollowed) return "";
      const { records, next } = feed.since(0);
      const told = create(WatchResponseSchema, { endedCalls: records.map(endedCallFromRecord) });
      return textOfLook({ from, isNew: false, told, next, marks: activity.marks(server.openCalls()) });
    },
    leave: watchers.leave,
    close: watchers.close,
  };
}

function openWatcher(server: CountedServer, data: DataStats) {
  const leave = new AbortController();
  const gauge = createProcessGauge();
  const health = server.followHealth(leave.signal).catch(() => undefined);
  return {
    gauge,
    storeGauge: createStoreGauge(data),
    health,
    close() {
      leave.abort();
      gauge.close();
      void health.then((look) => look?.close());
    },
  };
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const abort = (): void => aborted.resolve(undefined);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, signal.aborted ? undefined : aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A look as text, for another process. */
export function textOfLook({ told, ...look }: Look): string {
  const bytes = toBinary(WatchResponseSchema, told);
  return JSON.stringify({ ...look, told: Buffer.from(bytes).toString("base64") });
}

/** As `textOfLook` has made it. */
export function lookFromText(text: string): Look {
  const look = JSON.parse(text) as Omit<Look, "told"> & { readonly told: string };
  return { ...look, told: fromBinary(WatchResponseSchema, Buffer.from(look.told, "base64")) };
}
