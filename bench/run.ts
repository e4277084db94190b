// All servers side by side: `npm run bench [-- --rounds 9 --only unary,stream --peers runrpc,grpc-js --quick]`. What is
// measured is kept at once: a run that was cut off goes on with `--continue`.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureIdle, measureIdleConnections } from "./idle.ts";
import type { Workload } from "./load/workloads.ts";
import { describeMachine, describeVersions } from "./machine.ts";
import { type Measure, measures } from "./measures.ts";
import { measureOutside } from "./outside.ts";
import { findPeers, type PeerSpec } from "./peers/list.ts";
import { type Peer, startPeer } from "./peers/start.ts";
import { printResults } from "./print.ts";
import { type Figures, type IdleFigures, percentile, type Results, rounded } from "./results.ts";
import { targetOf } from "./target.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    /** How long a server is under load at a time, in milliseconds. */
    "sample-ms": { type: "string", default: "500" },
    only: { type: "string" },
    peers: { type: "string" },
    /** Short samples and few streams: to see that it works, not to believe. */
    quick: { type: "boolean", default: false },
    /** Where the results go; the README's table is made from the default. */
    output: { type: "string" },
    /** Measures that an earlier run has finished are taken from it. */
    continue: { type: "boolean", default: false },
  },
});
const rounds = flags.quick ? 2 : Number(flags.rounds);
const sampleMs = flags.quick ? 150 : Number(flags["sample-ms"]);
const warmUpMs = flags.quick ? 200 : 2_000;
/** Rounds that a process serves before a fresh one takes its place. */
const roundsOfProcess = 3;
/** Each of them starts all servers anew. */
const idleRounds = Math.min(rounds, 3);
const idleStreams = flags.quick ? 1_000 : 10_000;
const idleConnections = flags.quick ? 200 : 2_000;
const isWanted = (name: string): boolean => flags.only?.split(",").includes(name) ?? true;
const isChosen = (name: string): boolean =>
  flags.peers?.split(",").some((part) => name.includes(part)) ?? true;

/** The measures so far. */
const unfinished = join(tmpdir(), "runrpc-bench-loads.json");
const here = fileURLToPath(new URL(".", import.meta.url));
if (!existsSync(`${here}node_modules`)) {
  console.log("installing what only the benchmark needs …");
  execFileSync("npm", ["ci", "--prefix", here, "--no-audit", "--no-fund"], { stdio: "inherit" });
}
const folder = await mkdtemp(join(tmpdir(), "runrpc-bench-"));
const loadBefore = loadavg();
const { peers: found, versions, close } = await findPeers(folder);
try {
  const peers = found.filter(({ name }) => isChosen(name));
  const kept = flags.continue ? (JSON.parse(await readFile(unfinished, "utf8")) as Results) : undefined;
  const describe = (parts: Parts): Results => ({
    machine: describeMachine(),
    versions: { ...describeVersions(), ...versions },
    run: kept?.run ?? { date: new Date().toISOString(), rounds, sampleMs, loadBefore, loadAfter: loadavg() },
    ...parts,
  });
  const keep = (soFar: Parts): Promise<void> => save(unfinished, describe(soFar));
  const none: Parts = { figures: {}, droppedRows: {}, outside: {}, idle: {} };
  const earlier: Parts = { ...none, ...kept };
  const loads = {
    ...earlier,
    ...(await measureLoads(peers, earlier, (soFar) => keep({ ...none, ...soFar }))),
  };
  const hasOutside = Object.keys(loads.outside).length > 0 || !isWanted("outside");
  const outside = hasOutside ? loads.outside : await measureOutside(peers, folder, flags.quick ? 1 : 5);
  await keep({ ...loads, outside });
  const whole = describe({ ...loads, outside, idle: isWanted("idle") ? await measureIdles(peers) : {} });
  printResults(whole);
  const isWhole = !flags.quick && flags.only === undefined && flags.peers === undefined;
  const output = flags.output ?? (isWhole ? `${here}results/latest.json` : `${tmpdir()}/runrpc-bench.json`);
  await save(output, whole);
  console.log(`\nwritten to ${output}`);
} finally {
  close();
  await rm(folder, { recursive: true, force: true });
}

type Loads = Pick<Results, "figures" | "droppedRows">;
type Parts = Loads & Required<Pick<Results, "outside" | "idle">>;

/**
 * All servers that take part in a measure run at once, and one of them is under load at a time. They are started afresh
 * for each measure, since what V8 has learnt of another load would weigh on those that serve more than one, and again in
 * the middle of its rounds, since one process may run a fifth slower than the next of the same server.
 */
async function measureLoads(
  specs: readonly PeerSpec[],
  earlier: Loads,
  keep: (loads: Loads) => Promise<void>,
): Promise<Loads> {
  const figures: Record<string, Readonly<Record<string, Figures>>> = { ...earlier.figures };
  const droppedRows: Record<string, number> = { ...earlier.droppedRows };
  for (const measure of measures.filter(({ name }) => isWanted(name) && !(name in figures))) {
    const byPeer: Record<string, Figures> = {};
    const workload = measure.workload(figures);
    if (workload === undefined) continue;
    for (let round = 0; round < rounds; round += roundsOfProcess) {
      const takers = await startTakers(measure, workload, specs);
      for (let next = round; next < Math.min(rounds, round + roundsOfProcess); next++) {
        process.stdout.write(`\r${measure.name}: round ${next + 1} of ${rounds}        `);
        // Each round starts with another server, so that none of them always follows the same one.
        for (const index of takers.keys()) {
          const taker = takers[(index + next * 3) % takers.length];
          if (taker !== undefined) await measureRound(measure, workload, taker, byPeer);
        }
      }
      for (const { spec, peer } of takers) {
        const { dropped } = await peer.ask("requestLog");
        if (peer.key !== undefined) droppedRows[spec.name] = (droppedRows[spec.name] ?? 0) + Number(dropped);
        await peer.stop();
      }
    }
    process.stdout.write("\r");
    figures[measure.name] = byPeer;
    await keep({ figures, droppedRows });
  }
  return { figures, droppedRows };
}

interface Taker {
  readonly spec: PeerSpec;
  readonly peer: Peer;
}

/** Starts all servers that take part, and warms up one after the other. */
async function startTakers(
  measure: Measure,
  workload: Workload,
  specs: readonly PeerSpec[],
): Promise<readonly Taker[]> {
  const takers = await Promise.all(
    specs
      .filter(({ serves }) => serves.includes(measure.protocol))
      .filter(({ name }) => measure.peers?.includes(name) ?? true)
      .map(async (spec) => ({ spec, peer: await startPeer(await spec.command(), spec.environment) })),
  );
  for (const { spec, peer } of takers) await sample(measure, workload, spec, peer, warmUpMs);
  return takers;
}

async function measureRound(
  measure: Measure,
  workload: Workload,
  { spec, peer }: Taker,
  byPeer: Record<string, Figures>,
) {
  const { cpuUs, perSecond, p50Ms, p99Ms } = await retried(spec, () =>
    sample(measure, workload, spec, peer, sampleMs),
  );
  byPeer[spec.name] ??= { cpuUs: [], perSecond: [], p50Ms: [], p99Ms: [] };
  const figures = byPeer[spec.name];
  figures?.cpuUs.push(cpuUs);
  figures?.perSecond.push(perSecond);
  if (p50Ms !== undefined) figures?.p50Ms.push(p50Ms);
  if (p99Ms !== undefined) figures?.p99Ms.push(p99Ms);
}

async function sample(measure: Measure, workload: Workload, spec: PeerSpec, peer: Peer, durationMs: number) {
  const session = workload(targetOf(peer, measure.protocol === "grpc-tls"));
  try {
    await session.run(50);
    await peer.ask("settle");
    const before = await peer.stats();
    const { count, elapsedMs, latenciesMs } = await session.run(durationMs);
    await peer.ask("settle");
    const after = await peer.stats();
    return {
      cpuUs: rounded((after.cpuUs - before.cpuUs) / count),
      perSecond: rounded((1_000 * count) / elapsedMs),
      p50Ms: latenciesMs === undefined ? undefined : rounded(percentile(latenciesMs, 50)),
      p99Ms: latenciesMs === undefined ? undefined : rounded(percentile(latenciesMs, 99)),
    };
  } catch (cause) {
    throw new Error(`${spec.name}, ${measure.name}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  } finally {
    session.close();
  }
}

/** Each round a fresh process of each server. */
async function measureIdles(specs: readonly PeerSpec[]): Promise<Record<string, IdleFigures>> {
  const grpc = specs.filter(({ serves }) => serves.includes("grpc"));
  const figures: Record<string, IdleFigures> = {};
  for (let round = 0; round < idleRounds; round++) {
    for (const [index] of grpc.entries()) {
      const spec = grpc[(index + round * 3) % grpc.length];
      if (spec === undefined) continue;
      process.stdout.write(`\ridle: round ${round + 1} of ${idleRounds}, ${spec.name}            `);
      const { bytesPerStream, afterwards } = await retried(spec, () => measureIdle(spec, idleStreams));
      const perConnection = await retried(spec, () => measureIdleConnections(spec, idleConnections));
      figures[spec.name] ??= { bytesPerStream: [], bytesPerConnection: [], afterwards: [] };
      figures[spec.name]?.bytesPerStream.push(Math.round(bytesPerStream));
      figures[spec.name]?.bytesPerConnection.push(Math.round(perConnection));
      figures[spec.name]?.afterwards.push(rounded(afterwards));
    }
  }
  process.stdout.write("\r");
  return figures;
}

/** What is too much for some servers on a busy machine gets one more try, and the failure is printed. */
async function retried<T>(spec: PeerSpec, measure: () => Promise<T>): Promise<T> {
  try {
    return await measure();
  } catch (error) {
    console.log(`\n${spec.name}: ${error instanceof Error ? error.message : error}; tried again`);
    return measure();
  }
}

function save(file: string, results: Results): Promise<void> {
  return writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
}
