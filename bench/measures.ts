import {
  chatLoad,
  jsonHttp2Load,
  jsonLoad,
  pacedLoad,
  streamLoad,
  unaryLoad,
  type Workload,
} from "./load/workloads.ts";
import { answers, requests } from "./messages.ts";
import type { Protocol } from "./peers/list.ts";
import { type Figures, median } from "./results.ts";

/** What was measured before, by measure and server. */
type Earlier = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

/** One thing that is measured of each server. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  /** What is counted, and what CPU time is divided by. */
  readonly unit: "call" | "message";
  readonly protocol: Protocol;
  /** Undefined where it needs an earlier measure that is not in the run. */
  readonly workload: (earlier: Earlier) => Workload | undefined;
  /** The servers that can take it; left out: all that speak the protocol. */
  readonly peers?: readonly string[];
  /** The figure that tells: the server's CPU time, calls a second, or how long callers wait. */
  readonly shows: "cpu" | "rate" | "latency";
}

/** Calls a second that every server carries. */
const pacedPerSecond = 500;

/** Of the greatest rate of grpc-js: a server with much to do, that is not at its end. */
const BUSY_PART = 0.6;
/** Those that carry that much. */
const BUSY_PEERS = [
  "runrpc auto",
  "runrpc auto, all on",
  "node:http2 by hand",
  "grpc-js",
  "grpc-go",
  "connect-go",
  "tonic",
];

function always(workload: Workload): Measure["workload"] {
  return () => workload;
}

function busyLoad({ unary }: Earlier): Workload | undefined {
  const rates = unary?.["grpc-js"]?.perSecond;
  return rates === undefined ? undefined : pacedLoad(Math.round(BUSY_PART * median(rates)));
}

export const measures: readonly Measure[] = [
  {
    name: "unary",
    title: "gRPC unary call, 16 connections × 4 calls",
    unit: "call",
    protocol: "grpc",
    workload: always(unaryLoad("Echo", requests.echo, answers.echo, 16, 4)),
    shows: "cpu",
  },
  {
    name: "unary-tls",
    title: "the same over TLS",
    unit: "call",
    protocol: "grpc-tls",
    workload: always(unaryLoad("Echo", requests.echo, answers.echo, 16, 4)),
    shows: "cpu",
  },
  {
    name: "threads",
    title: "the same to a handler in a thread, beside one on the main thread",
    unit: "call",
    protocol: "grpc-threads",
    workload: always(unaryLoad("Echo", requests.echo, answers.echo, 16, 4)),
    shows: "cpu",
  },
  {
    name: "unary-one-connection",
    title: "gRPC unary calls, 1 connection × 64 calls",
    unit: "call",
    protocol: "grpc",
    workload: always(unaryLoad("Echo", requests.echo, answers.echo, 1, 64)),
    shows: "rate",
  },
  {
    name: "json",
    title: "Connect JSON call over HTTP/1.1, 32 connections",
    unit: "call",
    protocol: "json",
    workload: always(jsonLoad),
    shows: "cpu",
  },
  {
    name: "json-http2",
    title: "Connect JSON call over HTTP/2, 16 connections × 4 calls",
    unit: "call",
    protocol: "json-http2",
    workload: always(jsonHttp2Load),
    shows: "cpu",
  },
  {
    name: "stream",
    title: "server streaming, small message",
    unit: "message",
    protocol: "grpc",
    workload: always(streamLoad),
    shows: "cpu",
  },
  {
    name: "bidi",
    title: "bidi echo, message in and out",
    unit: "message",
    protocol: "grpc",
    workload: always(chatLoad),
    shows: "cpu",
  },
  {
    name: "list",
    title: "unary answer of 100 elements",
    unit: "call",
    protocol: "grpc",
    workload: always(unaryLoad("List", requests.list, answers.list, 8, 2)),
    shows: "cpu",
  },
  {
    name: "blob",
    title: "1 MiB in and out",
    unit: "call",
    protocol: "grpc",
    workload: always(unaryLoad("Blob", requests.blob, answers.blob, 4, 1)),
    shows: "cpu",
  },
  {
    name: "metrics",
    title: "gRPC unary call, with metrics on and off",
    unit: "call",
    protocol: "grpc-counted",
    workload: always(unaryLoad("Echo", requests.echo, answers.echo, 16, 4)),
    shows: "cpu",
  },
  {
    name: "latency",
    title: `gRPC unary at ${pacedPerSecond} calls a second`,
    unit: "call",
    protocol: "grpc",
    workload: always(pacedLoad(pacedPerSecond)),
    shows: "latency",
  },
  {
    name: "latency-busy",
    title: "gRPC unary at 60 % of the greatest rate of grpc-js",
    unit: "call",
    protocol: "grpc",
    workload: busyLoad,
    peers: BUSY_PEERS,
    shows: "latency",
  },
];
