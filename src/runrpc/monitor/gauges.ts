import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StoreSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { StoreStats } from "../data/store.ts";
import type { RequestLogStats } from "../platform/request-log/writer.ts";

/** What the process has done since the last look. */
export interface ProcessLook {
  readonly loopDelayP99Ms: number;
  readonly loopBusy: number;
  readonly cpu: number;
  readonly residentBytes: bigint;
  readonly heapUsedBytes: bigint;
  readonly uptimeSeconds: number;
}

/** Looks at the process for one who watches. To be closed. */
export interface ProcessGauge {
  look(): ProcessLook;
  close(): void;
}

/** Between two looks of the sampler of delays, in milliseconds. */
const RESOLUTION_MS = 20;

/** What two looks are apart at least, for shares of the time between them, in milliseconds. */
const MIN_LOOK_MS = 10;

/** Starts to look. */
export function createProcessGauge(): ProcessGauge {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let loop = performance.eventLoopUtilization();
  let cpu = process.cpuUsage();
  let atMs = performance.now();
  return {
    look() {
      const nowMs = performance.now();
      // A share of no time is none.
      const lookedMs = Math.max(MIN_LOOK_MS, nowMs - atMs);
      const spent = process.cpuUsage(cpu);
      const loopNow = performance.eventLoopUtilization();
      const delayMs = delays.count === 0 ? 0 : delays.percentile(99) / 1e6 - RESOLUTION_MS;
      const found = {
        loopDelayP99Ms: Math.max(0, delayMs),
        loopBusy: (loopNow.active - loop.active) / lookedMs,
        cpu: (spent.user + spent.system) / 1_000 / lookedMs,
        residentBytes: BigInt(process.memoryUsage.rss()),
        heapUsedBytes: BigInt(process.memoryUsage().heapUsed),
        uptimeSeconds: process.uptime(),
      };
      delays.reset();
      loop = loopNow;
      cpu = process.cpuUsage();
      atMs = nowMs;
      return found;
    },
    close: () => void delays.disable(),
  };
}

/** What the monitor knows of the data of an application. */
export interface DataStats {
  readonly store: () => StoreStats;
  readonly requestLog: () => RequestLogStats;
}

/** Looks at the data of an application for one who watches. */
export interface StoreGauge {
  /** Its rates are those since the last look; the first one has none. */
  look(): MessageInitShape<typeof StoreSchema>;
}

export function createStoreGauge({ store, requestLog }: DataStats): StoreGauge {
  let before: { readonly stats: StoreStats; readonly atMs: number } | undefined;
  return {
    look() {
      const stats = store();
      const atMs = performance.now();
      const side = (name: "reads" | "writes") => {
        const { queued, inFlight, calls } = stats[name];
        const since = before && {
          calls: calls - before.stats[name].calls,
          ms: Math.max(MIN_LOOK_MS, atMs - before.atMs),
        };
        return { queued, inFlight, queriesPerSecond: since ? (since.calls * 1_000) / since.ms : 0 };
      };
      const { queued, dropped } = requestLog();
      const look = {
        reads: side("reads"),
        writes: side("writes"),
        queuedRecords: BigInt(queued),
        droppedRecords: BigInt(dropped),
      };
      before = { stats, atMs };
      return look;
    },
  };
}
