import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type {
  EndedCall,
  Process,
  Store,
  StoreSide,
  Threads,
  WatchResponse,
  WatchResponseSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";

/** What several processes are together, of that which each of them tells of itself. */
export function joinLooks(looks: readonly WatchResponse[], maxOpenCalls: number) {
  return {
    openCalls: looks
      .flatMap(({ openCalls }) => openCalls)
      .sort((one, other) => other.ageMs - one.ageMs)
      .slice(0, maxOpenCalls),
    openCallCount: sum(looks, ({ openCallCount }) => openCallCount),
    endedCalls: inOrder(looks.map(({ endedCalls }) => endedCalls)),
    leftOutCalls: looks.reduce((count, { leftOutCalls }) => count + leftOutCalls, 0n),
    process: joinProcesses(looks.flatMap(({ process = [] }) => process)),
    store: joinStores(looks.flatMap(({ store = [] }) => store)),
    findings: joinFindings(looks),
    serving: joinHealth(looks),
    threads: joinThreads(looks.flatMap(({ threads }) => threads)),
  } satisfies MessageInitShape<typeof WatchResponseSchema>;
}

function sum<T>(parts: readonly T[], countOf: (part: T) => number): number {
  return parts.reduce((total, part) => total + countOf(part), 0);
}

function greatest<T>(parts: readonly T[], read: (part: T) => number): number {
  return parts.reduce((most, part) => Math.max(most, read(part)), 0);
}

/** One process has them in its order, whatever became of the clock meanwhile. */
function inOrder(lists: readonly (readonly EndedCall[])[]): EndedCall[] {
  const [only = [], ...others] = lists.filter((list) => list.length > 0);
  if (others.length === 0) return [...only];
  return lists.flat().sort((one, other) => endMs(one) - endMs(other));
}

function endMs({ startTime, durationMs }: EndedCall): number {
  return (startTime === undefined ? 0 : timestampMs(startTime)) + durationMs;
}

/** Each has an event loop of its own: that one is told that is held the most. */
function joinProcesses(all: readonly Process[]) {
  return {
    loopDelayP99Ms: greatest(all, ({ loopDelayP99Ms }) => loopDelayP99Ms),
    loopBusy: greatest(all, ({ loopBusy }) => loopBusy),
    cpu: sum(all, ({ cpu }) => cpu),
    residentBytes: all.reduce((total, { residentBytes }) => total + residentBytes, 0n),
    heapUsedBytes: all.reduce((total, { heapUsedBytes }) => total + heapUsedBytes, 0n),
    connections: sum(all, ({ connections }) => connections),
    uptimeSeconds: greatest(all, ({ uptimeSeconds }) => uptimeSeconds),
  };
}

function joinStores(all: readonly Store[]) {
  return {
    reads: joinSides(all.flatMap(({ reads = [] }) => reads)),
    writes: joinSides(all.flatMap(({ writes = [] }) => writes)),
    queuedRecords: all.reduce((total, { queuedRecords }) => total + queuedRecords, 0n),
    droppedRecords: all.reduce((total, { droppedRecords }) => total + droppedRecords, 0n),
  };
}

function joinSides(all: readonly StoreSide[]) {
  return {
    queued: sum(all, ({ queued }) => queued),
    inFlight: sum(all, ({ inFlight }) => inFlight),
    queriesPerSecond: sum(all, ({ queriesPerSecond }) => queriesPerSecond),
  };
}

function joinFindings(looks: readonly WatchResponse[]): Record<string, bigint> {
  const joined: Record<string, bigint> = {};
  for (const { findings } of looks)
    for (const [kind, count] of Object.entries(findings)) joined[kind] = (joined[kind] ?? 0n) + count;
  return joined;
}

/** A service serves where all say so. */
function joinHealth(looks: readonly WatchResponse[]): Record<string, boolean> {
  const joined: Record<string, boolean> = {};
  for (const { serving } of looks)
    for (const [service, isServing] of Object.entries(serving))
      joined[service] = isServing && joined[service] !== false;
  return joined;
}

function joinThreads(all: readonly Threads[]) {
  const byService = Map.groupBy(all, ({ service }) => service);
  return [...byService].map(([service, threads]) => ({
    service,
    threads: sum(threads, (one) => one.threads),
    inFlight: sum(threads, ({ inFlight }) => inFlight),
    queued: sum(threads, ({ queued }) => queued),
  }));
}
