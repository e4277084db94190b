import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Peer, startPeer } from "./peers/start.ts";

/** A figure; with `least` or `most`, one that is held against a bound. */
export interface Finding {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly least?: number;
  readonly most?: number;
}

/** By which factor a figure misses its bound; 1 or less is no miss. */
export function missFactor({ value, least = 0, most = Number.POSITIVE_INFINITY }: Finding): number {
  return Math.max(least / value, value / most);
}

export function printFindings(title: string, findings: readonly Finding[]): void {
  console.log(`${title} (load average ${loadavg()[0]?.toFixed(2)})`);
  for (const finding of findings) {
    const { what, value, unit, least, most } = finding;
    const bound = least !== undefined ? `at least ${least}` : most !== undefined ? `at most ${most}` : "";
    const mark = bound === "" ? "    " : missFactor(finding) <= 1 ? "pass" : "MISS";
    const digits = value < 100 ? 2 : 0;
    const figure = value.toLocaleString("en", { maximumFractionDigits: digits });
    console.log(`  ${mark}  ${what.padEnd(58)} ${figure.padStart(12)} ${unit.padEnd(8)} ${bound}`);
  }
}

/** Starts a server of peers/ with a folder of its own, runs `measure` against it, and removes both. */
export async function withServer<T>(
  file: string,
  args: readonly string[],
  measure: (peer: Peer) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-bench-"));
  try {
    const script = fileURLToPath(new URL(`./peers/${file}`, import.meta.url));
    const peer = await startPeer([script, ...args.map((arg) => (arg === "<folder>" ? folder : arg))]);
    try {
      return await measure(peer);
    } finally {
      await peer.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
