// Handlers that hold their threads: `node bench/threads.ts`.
import { availableParallelism } from "node:os";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Finding, printFindings, withServer } from "./finding.ts";
import { EchoResponseSchema, WaitRequestSchema } from "./gen/bench/v1/bench_pb.ts";
import { callHeaders, envelope, startCall, unary } from "./load/grpc.ts";
import { connectAll, methodPath } from "./load/workloads.ts";
import { requests } from "./messages.ts";
import { targetOf } from "./target.ts";

const holdMs = 500;
const threads = 4;
const deadlineMs = 500;

const waitOf = (milliseconds: number): Buffer =>
  envelope(toBinary(WaitRequestSchema, create(WaitRequestSchema, { milliseconds })));

/** Four handlers that wait synchronously, and four that compute, each in a thread, beside Echo on the main one. */
export function measureHeldThreads(): Promise<Finding[]> {
  return withServer("threads-app.ts", [String(threads), "some"], async (peer) => {
    const target = targetOf(peer);
    const { at, close } = connectAll(target, 2);
    const wait = callHeaders(methodPath("Wait"), target.grpcHeaders);
    const echo = callHeaders(methodPath("Echo"), target.grpcHeaders);
    await unary(at(0), wait, waitOf(0));
    await unary(at(1), echo, envelope(requests.echo));
    await peer.ask("loop");
    const begin = performance.now();
    let isOver = false;
    let answered = 0;
    const echoes = (async () => {
      for (; !isOver; answered++) await unary(at(1), echo, envelope(requests.echo));
    })();
    await Promise.all(Array.from({ length: threads }, () => unary(at(0), wait, waitOf(holdMs))));
    const elapsedMs = performance.now() - begin;
    isOver = true;
    await echoes;
    const { p99Ms } = await peer.ask("loop");
    const computesFrom = performance.now();
    await Promise.all(Array.from({ length: threads }, () => unary(at(0), wait, waitOf(-holdMs))));
    const computedMs = performance.now() - computesFrom;
    close();
    return [
      {
        what: `${threads} handlers that hold ${threads} threads for ${holdMs} ms each`,
        value: elapsedMs,
        unit: "ms",
        most: 700,
      },
      {
        what: `${threads} handlers that compute for ${holdMs} ms each`,
        value: computedMs,
        unit: "ms",
        most: 600 * Math.ceil(threads / availableParallelism()),
      },
      { what: "Echo answered meanwhile", value: answered, unit: "calls", least: 1 },
      { what: "loop delay of the main thread, p99", value: Number(p99Ms), unit: "ms", most: 10 },
    ];
  });
}

/** A loop that looks at its signal: when it ends, as its thread tells, and when its client is told, as that counts. */
export function measurePolledDeadline(): Promise<Finding[]> {
  return withServer("threads-app.ts", ["1", "all"], async (peer) => {
    const target = targetOf(peer);
    const { at, close } = connectAll(target, 1);
    const wait = callHeaders(methodPath("Wait"), target.grpcHeaders);
    const echo = callHeaders(methodPath("Echo"), target.grpcHeaders);
    const hurried = callHeaders(methodPath("Wait"), [
      ...target.grpcHeaders,
      ["grpc-timeout", `${deadlineMs}m`],
    ]);
    await unary(at(0), wait, waitOf(0));
    const late: number[] = [];
    const told: number[] = [];
    // The first one meets code that has not been compiled.
    for (let round = -1; round < 5; round++) {
      const begin = performance.now();
      const ended = new Promise<number>((resolve) => {
        startCall(at(0), hurried, waitOf(-1), true, {
          message() {},
          end: () => resolve(performance.now() - begin - deadlineMs),
        });
      });
      const answer = fromBinary(EchoResponseSchema, await unary(at(0), echo, envelope(requests.echo)));
      const lateMs = Number(answer.text);
      const toldMs = await ended;
      if (round < 0) continue;
      late.push(lateMs);
      told.push(toldMs);
    }
    close();
    return [
      {
        what: "a loop that polls its signal ends after its deadline",
        value: Math.max(0.01, ...late),
        unit: "ms",
        most: 5,
      },
      {
        what: "its client was told after it, with the way there and back",
        value: Math.max(0.01, ...told),
        unit: "ms",
        most: 10,
      },
    ];
  });
}

if (import.meta.main) {
  console.log(`${availableParallelism()} processors`);
  printFindings("handlers that hold their threads", await measureHeldThreads());
  printFindings("a loop that polls its signal", await measurePolledDeadline());
}
