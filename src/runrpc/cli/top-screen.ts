import type { MethodActivity, WatchResponse } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { printable } from "../printable.ts";
import { type FitColumn, fitTable } from "./fit-table.ts";

/** What there is room for. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * What `runrpc top` shows of one look at a server: lines that fit.
 *
 * @param trouble why it is the last one, where the server cannot be looked at
 */
export function topScreen(
  look: WatchResponse,
  address: string,
  { columns, rows }: ScreenSize,
  trouble?: string,
): readonly string[] {
  const head = headOf(look, address);
  if (trouble !== undefined) head.splice(1, 0, `NOT THERE  ${printable(trouble)}: trying again…`);
  const methods = fitTable(METHOD_COLUMNS, look.methods.map(methodRow), columns);
  const calls = fitTable(
    CALL_COLUMNS,
    look.openCalls.map((call) => [
      printable(call.method),
      printable(call.requestId),
      duration(call.ageMs),
      printable(call.caller),
      `${call.messagesIn} in, ${call.messagesOut} out`,
      printable(call.waitsFor),
    ]),
    columns,
  );
  // Methods have half of what is left, and more where there are few calls.
  const left = Math.max(4, rows - head.length - 3);
  const forCalls = Math.min(calls.length, Math.max(Math.floor(left / 2), left - methods.length));
  return [
    ...head,
    "",
    ...shortened(methods, left - forCalls, look.methods.length),
    "",
    ...shortened(calls, forCalls, look.openCallCount),
  ].map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
}

const METHOD_COLUMNS: readonly FitColumn[] = [
  { heading: "METHOD", least: 24, keepsEnd: true },
  { heading: "KIND", rank: 7 },
  { heading: "CALLS/S" },
  { heading: "FAULTS/S", rank: 1 },
  { heading: "P50", rank: 3 },
  { heading: "P95", rank: 4 },
  { heading: "P99" },
  { heading: "OPEN", rank: 2 },
  { heading: "OLDEST", rank: 5 },
  { heading: "IN/S", rank: 6 },
  { heading: "OUT/S", rank: 6 },
];

const CALL_COLUMNS: readonly FitColumn[] = [
  { heading: "OPEN CALL", least: 20, keepsEnd: true },
  { heading: "REQUEST ID", least: 10, rank: 3 },
  { heading: "AGE" },
  { heading: "CALLER", least: 10, rank: 2 },
  { heading: "MESSAGES", rank: 1 },
  { heading: "WAITS FOR", least: 11 },
];

function headOf(look: WatchResponse, address: string): string[] {
  const { process, store, findings, openCallCount, silentWorkers, time, serving, threads } = look;
  const clock = time === undefined ? "" : new Date(Number(time.seconds) * 1_000).toISOString().slice(11, 19);
  const lines = [`runrpc top  ${printable(address)}  ${clock} UTC`];
  const names = Object.keys(serving);
  const down = names.filter((name) => serving[name] !== true);
  if (down.length > 0)
    lines.push(
      `NOT SERVING  ${down.length === names.length ? "any service" : down.map(printable).join("  ")}`,
    );
  if (process !== undefined)
    lines.push(
      [
        `up ${duration(process.uptimeSeconds * 1_000)}`,
        counted(openCallCount, "open call"),
        counted(process.connections, "connection"),
        `loop ${percent(process.loopBusy)} busy, ${duration(process.loopDelayP99Ms)} late`,
      ].join("  "),
      `CPU ${percent(process.cpu)}  memory ${bytes(process.residentBytes)}, heap ${bytes(process.heapUsedBytes)}`,
    );
  const { reads, writes } = store ?? {};
  if (store !== undefined && reads !== undefined && writes !== undefined)
    lines.push(
      [
        `reads ${count(reads.queriesPerSecond)}/s, ${reads.queued} wait`,
        `writes ${count(writes.queriesPerSecond)}/s, ${writes.queued} wait`,
        `request log ${store.queuedRecords} wait, ${store.droppedRecords} dropped`,
      ].join("  "),
    );
  for (const { service, threads: count, inFlight, queued } of threads)
    lines.push(`threads of ${printable(service)}: ${count}, ${inFlight} calls run, ${queued} wait`);
  const found = Object.entries(findings).map(([kind, times]) => `${printable(kind)} ${times}`);
  if (found.length > 0) lines.push(`findings  ${found.join("  ")}`);
  if (silentWorkers > 0) lines.push(`without ${silentWorkers} workers, which did not answer`);
  return lines;
}

function methodRow(method: MethodActivity): string[] {
  const isIdle = method.callsPerSecond === 0;
  const took = (ms: number): string => (isIdle ? "-" : duration(ms));
  return [
    printable(method.method),
    method.kind.replace("_streaming", ""),
    count(method.callsPerSecond),
    count(method.faultsPerSecond),
    took(method.p50Ms),
    took(method.p95Ms),
    took(method.p99Ms),
    String(method.openCalls),
    method.openCalls === 0 ? "-" : duration(method.oldestAgeMs),
    count(method.messagesInPerSecond),
    count(method.messagesOutPerSecond),
  ];
}

/** The heading and as many rows as there is room for, the last of which says how many more there are. */
function shortened(lines: readonly string[], room: number, total: number): readonly string[] {
  if (lines.length <= room && lines.length === total + 1) return lines;
  const shown = lines.slice(0, Math.max(1, Math.min(room - 1, lines.length)));
  return [...shown, `and ${total - shown.length + 1} more`];
}

/** Such as `1 call`, `2 calls`. */
function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Three digits, about. */
function count(value: number): string {
  if (value === 0) return "0";
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function bytes(value: bigint): string {
  return `${Math.round(Number(value) / 1_000_000)} MB`;
}

function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2_880
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${Math.floor(minutes / 1_440)} d`;
}
