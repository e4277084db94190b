import type { Call } from "../server/call/call.ts";
import type { Route } from "../server/routes/routes.ts";
import type { Exposition } from "./exposition.ts";
import { MethodCounts, type OpenCounts } from "./method-counts.ts";

/** The calls of a server: those that have ended, and at each look those that are open. */
export interface CallMetrics {
  /** A call has ended. Below 0.2 µs: `node --conditions=runrpc-source bench/metrics.ts`. */
  ended(call: Call): void;
  write(exposition: Exposition, open: Iterable<Call>): void;
}

/** What a method's counts come to, with its open calls. */
interface Row {
  readonly counts: MethodCounts;
  readonly open: OpenCounts;
}

/** @param routes every method that is served: each has its series from the start, so that a first call is seen to come */
export function createCallMetrics(routes: readonly Route[]): CallMetrics {
  const byRoute = new Map<Route, MethodCounts>(routes.map((route) => [route, new MethodCounts(route)]));
  const others = new MethodCounts(undefined);
  const all = [...byRoute.values(), others];
  const countsOf = ({ route }: Call["head"]): MethodCounts =>
    (route === undefined ? undefined : byRoute.get(route)) ?? others;

  function rowsOf(open: Iterable<Call>): readonly Row[] {
    const nowMs = performance.now();
    const rows = new Map<MethodCounts, Row>(all.map((counts) => [counts, { counts, open: nothingOpen() }]));
    for (const call of open) {
      const row = rows.get(countsOf(call.head));
      if (row !== undefined) addOpen(row.open, call, nowMs);
    }
    return [...rows.values()].filter(
      ({ counts, open: { calls } }) => counts !== others || counts.hasEnded || calls > 0,
    );
  }

  return {
    ended(call) {
      countsOf(call.head).take(call);
    },
    write(exposition, open) {
      const rows = rowsOf(open);
      const perMethod = (
        name: string,
        type: "counter" | "gauge",
        help: string,
        value: (row: Row) => number,
      ) => {
        exposition.family(name, type, help);
        for (const row of rows) exposition.sample(value(row), row.counts.labels);
      };
      writeDurations(exposition, rows);
      perMethod(
        "runrpc_server_open_calls",
        "gauge",
        "Calls whose response has not ended.",
        ({ open: { calls } }) => calls,
      );
      perMethod(
        "runrpc_server_oldest_call_age_seconds",
        "gauge",
        "For how long the oldest open call has been open; 0 where none is.",
        ({ open: { oldestMs } }) => oldestMs / 1_000,
      );
      perMethod(
        "runrpc_server_received_messages_total",
        "counter",
        "Messages of clients, as they came: those of open streams are among them.",
        ({ counts, open }) => counts.messagesIn + open.messagesIn,
      );
      perMethod(
        "runrpc_server_sent_messages_total",
        "counter",
        "Messages to clients, as they went: those of open streams are among them.",
        ({ counts, open }) => counts.neverLess(counts.messagesOut + open.messagesOut),
      );
      perMethod(
        "runrpc_server_received_bytes_total",
        "counter",
        "Bytes of request bodies on the wire, compressed where they were compressed.",
        ({ counts, open }) => counts.bytesIn + open.bytesIn,
      );
      perMethod(
        "runrpc_server_sent_bytes_total",
        "counter",
        "Bytes of response bodies on the wire, compressed where they were compressed.",
        ({ counts, open }) => counts.bytesOut + open.bytesOut,
      );
    },
  };
}

function writeDurations(exposition: Exposition, rows: readonly Row[]): void {
  exposition.family(
    "rpc_server_call_duration_seconds",
    "histogram",
    "Duration of unary calls, from their headers to the end of their response.",
  );
  for (const { counts } of rows) if (!counts.isStream) counts.writeDurations(exposition);
  exposition.family(
    "runrpc_server_stream_duration_seconds",
    "histogram",
    "Duration of streams, from their headers to the end of their response; buckets to a day.",
  );
  for (const { counts } of rows) if (counts.isStream) counts.writeDurations(exposition);
  exposition.family(
    "runrpc_server_first_message_seconds",
    "histogram",
    "From the headers of a call to the first message of its response, where that may have many.",
  );
  for (const { counts } of rows) counts.firstMessage?.write(exposition, counts.labels);
}

function nothingOpen(): OpenCounts {
  return { calls: 0, oldestMs: 0, messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
}

function addOpen(counts: OpenCounts, call: Call, nowMs: number): void {
  call.countSentBytes();
  counts.calls++;
  counts.oldestMs = Math.max(counts.oldestMs, nowMs - call.startedAtMs);
  counts.messagesIn += call.messagesIn;
  counts.messagesOut += call.messagesOut;
  counts.bytesIn += call.bytesIn;
  counts.bytesOut += call.bytesOut;
}
