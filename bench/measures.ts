import { chatLoad, jsonLoad, pacedLoad, streamLoad, unaryLoad, type Workload } from "./load/workloads.ts";
import { answers, requests } from "./messages.ts";

/** One thing that is measured of each server. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  /** What is counted, and what CPU time is divided by. */
  readonly unit: "call" | "message";
  readonly protocol: "grpc" | "json";
  readonly workload: Workload;
  /** The figure that tells: the server's CPU time, calls a second, or how long callers wait. */
  readonly shows: "cpu" | "rate" | "latency";
}

/** Calls a second that every server carries. */
const pacedPerSecond = 500;

export const measures: readonly Measure[] = [
  {
    name: "unary",
    title: "gRPC unary call, 16 connections × 4 calls",
    unit: "call",
    protocol: "grpc",
    workload: unaryLoad("Echo", requests.echo, answers.echo, 16, 4),
    shows: "cpu",
  },
  {
    name: "unary-one-connection",
    title: "gRPC unary calls, 1 connection × 64 calls",
    unit: "call",
    protocol: "grpc",
    workload: unaryLoad("Echo", requests.echo, answers.echo, 1, 64),
    shows: "rate",
  },
  {
    name: "json",
    title: "Connect JSON call over HTTP/1.1, 32 connections",
    unit: "call",
    protocol: "json",
    workload: jsonLoad,
    shows: "cpu",
  },
  {
    name: "stream",
    title: "server streaming, small message",
    unit: "message",
    protocol: "grpc",
    workload: streamLoad,
    shows: "cpu",
  },
  {
    name: "bidi",
    title: "bidi echo, message in and out",
    unit: "message",
    protocol: "grpc",
    workload: chatLoad,
    shows: "cpu",
  },
  {
    name: "list",
    title: "unary answer of 100 elements",
    unit: "call",
    protocol: "grpc",
    workload: unaryLoad("List", requests.list, answers.list, 8, 2),
    shows: "cpu",
  },
  {
    name: "blob",
    title: "1 MiB in and out",
    unit: "call",
    protocol: "grpc",
    workload: unaryLoad("Blob", requests.blob, answers.blob, 4, 1),
    shows: "cpu",
  },
  {
    name: "latency",
    title: `gRPC unary at ${pacedPerSecond} calls a second`,
    unit: "call",
    protocol: "grpc",
    workload: pacedLoad(pacedPerSecond),
    shows: "latency",
  },
];
