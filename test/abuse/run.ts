// The catalogue of abuse: `npm run abuse`, or `npm run abuse -- --row bombs --lane stock --http2 node --seed 7 --rounds 0.1`.
// It ends with 1 when something was not held.
import { parseArgs } from "node:util";
import { runRow } from "./arena.ts";
import { defaultHttp2, http2Of, http2OnLane } from "./http2.ts";
import { engineName, reportOf } from "./report.ts";
import type { Lane, Row } from "./row.ts";
import { rows } from "./rows.ts";

const { values } = parseArgs({
  options: {
    lane: { type: "string", multiple: true, default: ["auto", "stock"] },
    /** Who speaks HTTP/2 on lane auto: that of the product's default, unless it is named. */
    http2: { type: "string", default: defaultHttp2() },
    row: { type: "string", multiple: true, default: [] },
    seed: { type: "string", default: "1" },
    /** Multiplies how much each row does. `short` does what `npm test` does. */
    rounds: { type: "string", default: "1" },
  },
});
const lanes = values.lane.map(laneOf);
const named = http2Of(values.http2);
const unknown = values.row.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0) {
  throw new Error(
    `no row is called ${unknown.join(", ")}: there are ${rows.map(({ name }) => name).join(", ")}`,
  );
}
const chosen = rows.filter(({ name }) => values.row.length === 0 || values.row.includes(name));
const rounds = values.rounds === "short" ? undefined : numberOf("--rounds", values.rounds);

const begin = performance.now();
let broken = 0;
for (const row of chosen) {
  const its = row.isOfNoLane === true ? lanes.slice(0, 1) : lanes;
  if (row.lanesAtOnce === true) await Promise.all(its.map((lane) => attack(row, lane)));
  else for (const lane of its) await attack(row, lane);
}
const seconds = Math.round((performance.now() - begin) / 1_000);
console.log(
  `${chosen.length} rows on ${lanes.map(lineOf).join(" and ")} in ${seconds} s: ${broken} not held`,
);
process.exit(broken > 0 ? 1 : 0); // a client that waits for an answer that never comes keeps nothing alive

async function attack(row: Row, lane: Lane): Promise<void> {
  const http2 = http2OnLane(lane, named);
  const result = await runRow(row, { lane, http2, seed: numberOf("--seed", values.seed), rounds });
  console.log(reportOf(row, { lane, http2 }, result));
  if (result.held < result.tried || result.tried === 0) broken++;
}

function lineOf(lane: Lane): string {
  return `${lane} (${engineName(http2OnLane(lane, named))})`;
}

function laneOf(name: string): Lane {
  if (name !== "auto" && name !== "stock") throw new Error(`--lane takes auto or stock, not ${name}`);
  return name;
}

function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${flag} takes a number above 0, not ${text}`);
  return number;
}
