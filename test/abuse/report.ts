import type { Lane, Result, Row } from "./row.ts";

/** A line for the row, and one for each thing that was not held or that nobody can hold on node:http2. */
export function reportOf(
  { name }: Row,
  lane: Lane,
  { tried, held, faults, excuses, elapsedMs }: Result,
): string {
  return [
    `${name} (${lane}): ${tried} tried, ${held} held (${(elapsedMs / 1_000).toFixed(1)} s)`,
    ...faults.map((fault) => `    NOT HELD: ${fault}`),
    ...excuses.map((excuse) => `    not held by node:http2: ${excuse}`),
  ].join("\n");
}
