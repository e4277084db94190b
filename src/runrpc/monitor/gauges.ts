import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { SideStats, StoreStats } from "../data/store.ts";
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

/** A look at the store, with rates since the one before. */
export function createStoreGauge({ store, requestLog }: DataStats) {
  let before: StoreStats | undefined;
  const side = (now: SideStats, earlier: SideStats | undefined, intervalMs: number) => ({
    queued: now.queued,
    inFlight: now.inFlight,
    queriesPerSecond:
      earlier === undefined || intervalMs === 0 ? 0 : ((now.calls - earlier.calls) * 1_000) / intervalMs,
  });
  return (intervalMs: number) => {
    const now = store();
    const { queued, dropped } = requestLog();
    const look = {
      reads: side(now.reads, before?.reads, intervalMs),
      writes: side(now.writes, before?.writes, intervalMs),
      queuedRecords: BigInt(queued),
      droppedRecords: BigInt(dropped),
    };
    before = now;
    return look;
  };
}
