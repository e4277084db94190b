import { median, type Results } from "./results.ts";

/** A bound that this server is held to: a ratio or a difference to another server in the same run, or a plain number. */
export interface Target {
  readonly measure: string;
  readonly title: string;
  readonly ours: string;
  readonly peer?: string;
  /** The value is how much more than the peer it takes, and not which part of it. */
  readonly isDifference?: true;
  readonly limit: number;
}

const bare = "runrpc auto";
const allOn = "runrpc auto, all on";
const counted = "runrpc auto, metrics on";
const threaded = "runrpc auto, in a thread";
const floor = "node:http2 by hand";

/** A target with what was measured. The ratio is that of the medians, the spread that of the rounds. */
export interface Verdict extends Target {
  readonly value: number;
  readonly least: number;
  readonly greatest: number;
  readonly isReached: boolean;
}

const unary = "gRPC unary, CPU per call";
const unaryOn = "the same with key, deadline, access line and request-log row";
const unaryTls = "the same over TLS, bare";
const json = "Connect JSON over HTTP/1.1, CPU per call, all on";
const jsonHttp2 = "Connect JSON over HTTP/2, CPU per call";
const threads = "a unary call in a thread, CPU µs more than on the main one";
const stream = "server streaming, CPU per message";
const bidi = "bidi echo, CPU per message";
const list = "unary answer of 100 elements, CPU per call";
const metrics = "the same with metrics on";
const paced = "p99 at 500 calls a second";
const busy = "p99 at 60 % of the greatest rate of grpc-js";

/** What is compared with peers is compared with them bare, also where all is on here. */
export const targets: readonly Target[] = [
  { measure: "unary", title: unary, ours: bare, peer: floor, limit: 0.22 },
  { measure: "unary", title: unary, ours: bare, peer: "grpc-go", limit: 0.33 },
  { measure: "unary", title: unary, ours: bare, peer: "tonic", limit: 0.6 },
  { measure: "unary", title: unary, ours: bare, peer: "grpc-js", limit: 0.8 },
  { measure: "unary", title: unary, ours: bare, peer: "connect-node", limit: 0.15 },
  { measure: "unary", title: unary, ours: bare, peer: "Python grpc.aio", limit: 0.35 },
  { measure: "unary", title: unaryOn, ours: allOn, peer: floor, limit: 0.4 },
  { measure: "unary", title: unaryOn, ours: allOn, peer: "grpc-go", limit: 0.65 },
  { measure: "unary", title: unaryOn, ours: allOn, peer: "tonic", limit: 1.2 },
  { measure: "unary", title: unaryOn, ours: allOn, peer: "grpc-js", limit: 0.95 },
  { measure: "unary-tls", title: unaryTls, ours: bare, peer: floor, limit: 0.4 },
  { measure: "threads", title: threads, ours: threaded, peer: bare, isDifference: true, limit: 10 },
  { measure: "stream", title: stream, ours: bare, peer: "grpc-go", limit: 0.45 },
  { measure: "stream", title: stream, ours: bare, peer: "connect-node", limit: 0.2 },
  { measure: "bidi", title: bidi, ours: bare, peer: "grpc-go", limit: 1.2 },
  { measure: "list", title: list, ours: bare, peer: "grpc-go", limit: 0.8 },
  { measure: "list", title: list, ours: bare, peer: "tonic", limit: 1.1 },
  { measure: "blob", title: "1 MiB in and out, CPU per call", ours: bare, peer: "grpc-go", limit: 1.7 },
  { measure: "json", title: json, ours: allOn, peer: "node:http by hand", limit: 1.3 },
  { measure: "json", title: json, ours: allOn, peer: "connect-node, HTTP/1.1", limit: 0.3 },
  { measure: "json-http2", title: jsonHttp2, ours: bare, peer: floor, limit: 0.5 },
  { measure: "metrics", title: metrics, ours: counted, peer: bare, limit: 1.02 },
  { measure: "latency", title: paced, ours: bare, peer: "grpc-js", limit: 1 },
  { measure: "latency-busy", title: busy, ours: bare, peer: "grpc-js", limit: 0.5 },
  { measure: "idle", title: "memory of an idle open stream, KB", ours: bare, limit: 3 },
  { measure: "connection", title: "memory of an idle connection, KB", ours: bare, limit: 8 },
  { measure: "afterwards", title: "memory after 10,000 streams, of that before", ours: bare, limit: 1.05 },
];

/** Holds the results against the targets; those whose servers or measure are not in the run are left out. */
export function judge(results: Results): Verdict[] {
  return targets.flatMap((target) => {
    const ours = samples(results, target.measure, target.ours);
    const theirs =
      target.peer === undefined ? ours.map(() => 1) : samples(results, target.measure, target.peer);
    if (ours.length === 0 || theirs.length === 0) return [];
    const compared = (one: number, other: number): number =>
      target.isDifference === true ? one - other : one / other;
    const value = compared(median(ours), median(theirs));
    const rounds = ours.map((sample, round) => compared(sample, theirs[round] ?? Number.NaN));
    const [least, greatest] = [Math.min(...rounds), Math.max(...rounds)];
    return [{ ...target, value, least, greatest, isReached: value <= target.limit }];
  });
}

function samples({ figures, idle }: Results, measure: string, peer: string): readonly number[] {
  if (measure === "idle") return idle[peer]?.bytesPerStream.map((bytes) => bytes / 1_000) ?? [];
  if (measure === "connection") return idle[peer]?.bytesPerConnection.map((bytes) => bytes / 1_000) ?? [];
  if (measure === "afterwards") return idle[peer]?.afterwards ?? [];
  const found = figures[measure]?.[peer];
  return (measure.startsWith("latency") ? found?.p99Ms : found?.cpuUs) ?? [];
}
