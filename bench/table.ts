// The table of the README, made from results/latest.json: `node bench/table.ts` prints it, `--write` puts it between
// the README's markers, `--check` fails when what stands there is something else.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, type Results } from "./results.ts";

const startMarker = "<!-- bench:start -->";
const endMarker = "<!-- bench:end -->";

/** The columns: a heading, and the figure of one server as text; empty where it has none. */
const columns: readonly (readonly [heading: string, figure: (results: Results, peer: string) => string])[] = [
  ["unary, µs", cpu("unary")],
  ["over TLS, µs", cpu("unary-tls")],
  ["unary, calls/s", (results, peer) => rate(results.figures.unary?.[peer]?.perSecond)],
  ["JSON over HTTP/1.1, µs", cpu("json")],
  ["over HTTP/2, µs", cpu("json-http2")],
  ["streamed message, µs", cpu("stream")],
  ["bidi message, µs", cpu("bidi")],
  ["100 elements, µs", cpu("list")],
  ["1 MiB in and out, ms", (results, peer) => number(results.figures.blob?.[peer]?.cpuUs, 1e-3)],
  ["p99 at 500 calls/s, ms", (results, peer) => number(results.figures.latency?.[peer]?.p99Ms, 1)],
  ["p99 when busy, ms", (results, peer) => number(results.figures["latency-busy"]?.[peer]?.p99Ms, 1)],
  ["idle stream, KB", (results, peer) => number(results.idle[peer]?.bytesPerStream, 1e-3)],
  ["idle connection, KB", (results, peer) => number(results.idle[peer]?.bytesPerConnection, 1e-3)],
];

/** The rows, in the order in which the servers took part. */
export function tableFromResults(results: Results): string {
  const { machine, versions, run, outside = {} } = results;
  const peers = new Set(Object.values(results.figures).flatMap((byPeer) => Object.keys(byPeer)));
  // What the run did not measure has no column.
  const shown = columns.filter(([, figure]) => [...peers].some((peer) => figure(results, peer) !== ""));
  const rows = [...peers]
    .map((peer) => [peer, ...shown.map(([, figure]) => figure(results, peer))])
    // A server of a measure without a column has none of its own.
    .filter(([, ...figures]) => figures.some((figure) => figure !== ""));
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    line(["server", ...shown.map(([heading]) => heading)]),
    line(["---", ...shown.map(() => "---:")]),
    ...rows.map(line),
    "",
    `CPU time of the server, medians of ${run.rounds} interleaved rounds, memory of fresh processes; ${machine.cpu}, ${machine.cores} cores, load`,
    `average ${run.loadBefore[0]?.toFixed(1)} before and ${run.loadAfter[0]?.toFixed(1)} after, ${run.date.slice(0, 10)}. ${used.join(", ")}.`,
    ...Object.entries(outside).map(outsideLine),
  ].join("\n");
}

/** What another tool finds in place of the first column. */
function outsideLine([tool, byPeer]: readonly [string, Readonly<Record<string, number>>]): string {
  const figures = Object.entries(byPeer).map(([peer, cpuUs]) => `${peer} ${cpuUs}`);
  return `The unary call under ${tool}, µs: ${figures.join(", ")}.`;
}

/** The text with the table between its markers. Throws an Error when the markers are not there. */
export function withTable(readme: string, table: string): string {
  const start = readme.indexOf(startMarker);
  const end = readme.indexOf(endMarker);
  if (start === -1 || end < start) throw new Error(`README.md lacks ${startMarker} and ${endMarker}`);
  return `${readme.slice(0, start)}${startMarker}\n${table}\n${readme.slice(end)}`;
}

function cpu(measure: string): (results: Results, peer: string) => string {
  return (results, peer) => number(results.figures[measure]?.[peer]?.cpuUs, 1);
}

function number(samples: readonly number[] | undefined, factor: number): string {
  if (samples === undefined || samples.length === 0) return "";
  const value = factor * median(samples);
  return value.toFixed(value < 20 ? 1 : 0);
}

function rate(samples: readonly number[] | undefined): string {
  return samples === undefined ? "" : Math.round(median(samples)).toLocaleString("en");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function main(): void {
  const { values: flags } = parseArgs({
    options: { check: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
  });
  const file = new URL("./results/latest.json", import.meta.url);
  // Written by run.ts as Results.
  const table = tableFromResults(JSON.parse(readFileSync(file, "utf8")) as Results);
  if (!flags.check && !flags.write) {
    console.log(table);
    return;
  }
  const path = fileURLToPath(new URL("../README.md", import.meta.url));
  const readme = readFileSync(path, "utf8");
  const wanted = withTable(readme, table);
  if (flags.write) writeFileSync(path, wanted);
  else if (wanted !== readme) {
    console.error(
      "README.md: the table does not come from bench/results/latest.json; run node bench/table.ts --write",
    );
    process.exitCode = 1;
  }
}

if (import.meta.main) main();
