import type { Http2, Lane, Result, Row } from "./row.ts";

/** A line for the row, and one for each figure, thing that was not held, or that nobody can hold on node:http2. */
export function reportOf(
  { name, isOfNoLane }: Row,
  { lane, http2 }: { readonly lane: Lane; readonly http2: Http2 },
  { tried, held, faults, excuses, notes, elapsedMs }: Result,
): string {
  const subject = isOfNoLane === true ? "" : ` (lane ${lane}, ${engineName(http2)})`;
  return [
    `${name}${subject}: ${tried} tried, ${held} held (${(elapsedMs / 1_000).toFixed(1)} s)`,
    ...faults.map((fault) => `    NOT HELD: ${fault}`),
    ...notes.map((note) => `    ${note}`),
    ...excuses.map((excuse) => `    not held by node:http2: ${excuse}`),
  ].join("\n");
}

/** As the report names who speaks HTTP/2. */
export function engineName(http2: Http2): string {
  return http2 === "own" ? "own HTTP/2" : "node:http2";
}
