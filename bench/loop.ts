// A slow query in a reader thread, and what the main thread feels of it: `node bench/loop.ts`.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { developer } from "../test/app/accounts.ts";
import { GetUserRequestSchema, GetUserResponseSchema } from "../test/gen/rig/users/v1/users_pb.ts";
import { type Finding, printFindings, withServer } from "./finding.ts";
import { callHeaders, envelope, unary } from "./load/grpc.ts";
import { connectAll } from "./load/workloads.ts";
import { percentile } from "./results.ts";
import { targetOf } from "./target.ts";

const queryMs = 3_000;

/** 8 callers, each of whom waits a little between calls: the loop is in use, and not what is measured. */
const callers = 8;
const pauseMs = 10;

export function measureLoop(): Promise<Finding[]> {
  return withServer("slow-app.ts", ["<folder>", String(queryMs)], async (peer) => {
    const target = targetOf(peer);
    const { at, close } = connectAll(target, 2);
    const headers = callHeaders("/rig.users.v1.UserService/GetUser", target.grpcHeaders);
    const { id } = developer;
    const body = envelope(toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { id })));
    const latenciesMs: number[] = [];
    let isOver = false;
    const call = async (caller: number): Promise<void> => {
      while (!isOver) {
        const begin = performance.now();
        const { user } = fromBinary(GetUserResponseSchema, await unary(at(caller), headers, body));
        if (user?.id !== id) throw new Error(`GetUser gave ${user?.id}`);
        latenciesMs.push(performance.now() - begin);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
    const calls = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
    const felt = peer.ask("slow").finally(() => {
      isOver = true;
    });
    // Whichever fails ends it.
    const [{ queryMs: tookMs, p99Ms, greatestMs }] = await Promise.all([felt, calls]);
    close();
    return [
      { what: "slow query in a reader thread", value: Number(tookMs), unit: "ms", least: queryMs },
      { what: "GetUser answered meanwhile", value: latenciesMs.length, unit: "calls", least: 1 },
      { what: "GetUser, p99", value: percentile(latenciesMs, 99), unit: "ms" },
      { what: "loop delay of the main thread, p99", value: Number(p99Ms), unit: "ms", most: 10 },
      { what: "loop delay of the main thread, greatest", value: Number(greatestMs), unit: "ms" },
    ];
  });
}

if (import.meta.main) printFindings("a slow query beside GetUser", await measureLoop());
