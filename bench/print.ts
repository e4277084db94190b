import { type Measure, measures } from "./measures.ts";
import { type Figures, median, type Results } from "./results.ts";
import { judge } from "./targets.ts";

/** Prints all of a run: where it ran, each measure with its spread, and the targets with pass or fail. */
export function printResults(results: Results): void {
  const { machine, versions, run } = results;
  console.log(`\n${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}`);
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  );
  const loads = [run.loadBefore, run.loadAfter].map((load) => load.map((one) => one.toFixed(2)).join(" "));
  console.log(
    `${run.rounds} rounds of ${run.sampleMs} ms; load average ${loads[0]} before, ${loads[1]} after`,
  );
  for (const measure of measures) printMeasure(measure, results.figures[measure.name]);
  printOutside(results);
  printIdle(results);
  for (const [peer, rows] of Object.entries(results.droppedRows))
    if (rows > 0) console.log(`${peer}: ${rows} rows of the request log found no room`);
  printTargets(results);
}

function printMeasure(measure: Measure, figures: Readonly<Record<string, Figures>> | undefined): void {
  if (figures === undefined) return;
  console.log(`\n${measure.title}`);
  const isPaced = measure.shows === "latency";
  console.log(row("", `CPU µs/${measure.unit}`, `${measure.unit}s/s`, isPaced ? "p50, p99 ms" : ""));
  for (const [peer, { cpuUs, perSecond, p50Ms, p99Ms }] of Object.entries(figures)) {
    const wait = isPaced ? `${median(p50Ms).toFixed(2)}, ${median(p99Ms).toFixed(2)}` : "";
    console.log(row(peer, spread(cpuUs), Math.round(median(perSecond)).toLocaleString("en"), wait));
  }
}

function printOutside({ outside = {} }: Results): void {
  for (const [tool, byPeer] of Object.entries(outside)) {
    console.log(`\nThe first measure by ${tool}`);
    console.log(row("", "CPU µs/call", "", ""));
    for (const [peer, cpuUs] of Object.entries(byPeer)) console.log(row(peer, cpuUs.toFixed(1), "", ""));
  }
}

function printIdle({ idle }: Results): void {
  if (Object.keys(idle).length === 0) return;
  console.log("\n10,000 idle open streams over 100 connections; idle connections alone");
  console.log(row("", "KB a stream", "memory after", "KB a connection"));
  for (const [peer, { bytesPerStream, bytesPerConnection, afterwards }] of Object.entries(idle)) {
    const [stream, connection] = [bytesPerStream, bytesPerConnection].map((list) =>
      list.map((bytes) => bytes / 1_000),
    );
    const after = `${Math.round(100 * median(afterwards))} %`;
    console.log(row(peer, spread(stream ?? []), after, median(connection ?? []).toFixed(1)));
  }
}

function printTargets(results: Results): void {
  const verdicts = judge(results);
  if (verdicts.length === 0) return;
  console.log("\nTargets: ratios of medians, in brackets the least and greatest of a round");
  for (const { title, peer, value, least, greatest, limit, isReached } of verdicts) {
    const mark = isReached ? "pass" : "FAIL";
    const name = peer === undefined ? title : `${title} / ${peer}`;
    const figure = `${value.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`;
    console.log(`${mark}  ${name.padEnd(84)} ${figure.padEnd(18)} ≤ ${limit}`);
  }
}

function row(name: string, first: string, second: string, third: string): string {
  return `  ${name.padEnd(26)}${first.padStart(22)}${second.padStart(14)}${third.padStart(16)}`;
}

/** The median, with the least and the greatest. */
function spread(values: readonly number[]): string {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(1)} (${least.toFixed(1)}–${greatest.toFixed(1)})`;
}
