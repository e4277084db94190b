// What it costs to be watched: `node bench/watchdog.ts`.
import { setTimeout as delay } from "node:timers/promises";
import { type Finding, printFindings, withServer } from "./finding.ts";
import { pacedLoad } from "./load/workloads.ts";
import type { Peer } from "./peers/start.ts";
import { median } from "./results.ts";
import { targetOf } from "./target.ts";

const idleMs = 4_000;
const loadedMs = 1_500;
const rounds = 5;
/** A thread that starts, and what is left of one that ended, are no cost of being watched. */
const settleMs = 1_500;

/** Half of what a small machine carries beside its client. */
const perSecond = 3_000;

/** One process, watched and unwatched by turns: idle, and under load. */
export function measureWatchdog(): Promise<Finding[]> {
  return withServer("watchdog-app.ts", [], async (peer) => {
    const session = pacedLoad(perSecond)(targetOf(peer));
    await session.run(loadedMs);
    const idle = await measureBoth(peer, () => delay(idleMs));
    const loaded = await measureBoth(peer, () => session.run(loadedMs));
    session.close();
    return [
      { what: "the watchdog of an idle server, of a core", value: idle, unit: "%", most: 1 },
      { what: `the watchdog at ${perSecond} calls a second, of a core`, value: loaded, unit: "%", most: 3 },
    ];
  });
}

/** How much more of a core the process takes with the watchdog, in percent: the median of the rounds. */
async function measureBoth(peer: Peer, run: () => Promise<unknown>): Promise<number> {
  const differences: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await delay(settleMs);
    const without = await share(peer, run);
    await peer.ask("on");
    await delay(settleMs);
    const within = await share(peer, run);
    await peer.ask("off");
    differences.push(100 * (within - without));
  }
  return Math.max(0.01, median(differences));
}

async function share(peer: Peer, run: () => Promise<unknown>): Promise<number> {
  const before = await peer.stats();
  const begin = performance.now();
  await run();
  const elapsedMs = performance.now() - begin;
  return ((await peer.stats()).cpuUs - before.cpuUs) / 1_000 / elapsedMs;
}

if (import.meta.main) printFindings("what the watchdog costs", await measureWatchdog());
