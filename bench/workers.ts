// One process against two workers, by the real command over an SQLite file: `node --conditions=runrpc-source bench/workers.ts`,
// `--seconds 4` for longer rounds, `--rounds 7` for more of them. Both are measured in turns; a figure is the median of its
// rounds. Each worker has as many callers as the one process has: workers are added when there are more of them. The load takes a
// core of its own, so that on two cores the calls of two workers tell what they cost, and not how many there can be.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { makeFolder } from "../test/app/project.ts";
import {
  CreateUserRequestSchema,
  CreateUserResponseSchema,
  GetUserRequestSchema,
} from "../test/gen/rig/users/v1/users_pb.ts";
import { type Finding, printFindings } from "./finding.ts";
import { callHeaders, envelope, unary } from "./load/grpc.ts";
import { connectAll } from "./load/workloads.ts";
import { median } from "./results.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "2" }, rounds: { type: "string", default: "5" } },
});
const roundMs = 1_000 * Number(values.seconds);
const rounds = Number(values.rounds);

/** Connections for each process, which are handed out in turns, and calls that are open on each. */
const connectionsEach = 4;
const callsEach = 8;

interface Round {
  readonly perSecond: number;
  /** CPU time of all threads of all processes, for each call. */
  readonly cpuMicros: number;
}

/** A running server of one process or of several. */
interface Served {
  /** Reads of one row by its key, with an API key and the request log, as they are by default. */
  round(durationMs: number): Promise<Round>;
  close(): Promise<void>;
}

async function serve(workers: number): Promise<Served> {
  const launcher = fileURLToPath(new URL("../src/runrpc/launch.js", import.meta.url));
  const flags = ["--host", "127.0.0.1", "--port", "0", "--log", "off", "--log-format", "json"];
  const child = spawn(process.execPath, [launcher, "serve", "--workers", `${workers}`, ...flags], {
    cwd: makeFolder(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { port, key } = await welcomeOf(child);
  const connections = connectionsEach * workers;
  const { at, close } = connectAll({ port }, connections);
  const headersOf = (method: string) =>
    callHeaders(`/rig.users.v1.UserService/${method}`, [
      ["x-api-key", key],
      ["grpc-timeout", "10S"],
    ]);
  const ada = create(CreateUserRequestSchema, { email: "ada@example.com", displayName: "Ada" });
  const made = await unary(at(0), headersOf("CreateUser"), envelope(toBinary(CreateUserRequestSchema, ada)));
  const id = fromBinary(CreateUserResponseSchema, made).user?.id ?? "";
  const headers = headersOf("GetUser");
  const body = envelope(toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { id })));
  return {
    async round(durationMs) {
      const before = cpuMicrosOf(child.pid ?? 0);
      const begin = performance.now();
      let calls = 0;
      const lane = async (_: unknown, index: number): Promise<void> => {
        for (; performance.now() - begin < durationMs; calls++) await unary(at(index), headers, body);
      };
      await Promise.all(Array.from({ length: connections * callsEach }, lane));
      const elapsedMs = performance.now() - begin;
      return {
        perSecond: (1_000 * calls) / elapsedMs,
        cpuMicros: (cpuMicrosOf(child.pid ?? 0) - before) / calls,
      };
    },
    async close() {
      close();
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Where it listens, and the key that it has made. */
async function welcomeOf(
  child: ChildProcessByStdio<null, Readable, null>,
): Promise<{ readonly port: number; readonly key: string }> {
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, developmentKey } = JSON.parse(line);
    if (url !== undefined) return { port: Number(new URL(url).port), key: developmentKey };
  }
  throw new Error("the server has ended");
}

/** What a process and its children have used, by the clock ticks of Linux: a hundred in a second. */
function cpuMicrosOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const own = 10_000 * (Number(fields[11]) + Number(fields[12]));
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return children.reduce((sum, child) => sum + cpuMicrosOf(child), own);
}

const one = await serve(1);
const two = await serve(2);
try {
  // The first calls meet code that has not been compiled.
  for (const server of [one, two]) await server.round(2 * roundMs);
  const found = { one: [] as Round[], two: [] as Round[] };
  for (let round = 0; round < rounds; round++) {
    found.one.push(await one.round(roundMs));
    found.two.push(await two.round(roundMs));
  }
  const of = (rounds: readonly Round[], name: keyof Round): number =>
    median(rounds.map((each) => each[name]));
  const ratio = (name: keyof Round): number => of(found.two, name) / of(found.one, name);
  const findings: Finding[] = [
    { what: "GetUser, one process", value: of(found.one, "perSecond"), unit: "calls/s" },
    { what: "  CPU of a call", value: of(found.one, "cpuMicros"), unit: "µs" },
    { what: "GetUser, two workers", value: of(found.two, "perSecond"), unit: "calls/s" },
    { what: "  by one process", value: ratio("perSecond"), unit: "×" },
    { what: "  CPU of a call", value: of(found.two, "cpuMicros"), unit: "µs" },
    { what: "  by one process", value: ratio("cpuMicros"), unit: "×", most: 1.1 },
  ];
  console.log(`${availableParallelism()} processors`);
  printFindings("one process, and two workers on its port", findings);
} finally {
  await one.close();
  await two.close();
}
