import { doesNotThrow, equal, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Results } from "../../bench/results.ts";
import { tableFromResults, withTable } from "../../bench/table.ts";

const results: Results = {
  machine: { cpu: "a CPU", cores: 2, memoryGiB: 4, os: "an OS" },
  versions: { node: "v24.0.0" },
  run: { date: "2026-01-02T03:04:05Z", rounds: 3, sampleMs: 1, loadBefore: [0.12], loadAfter: [1.28] },
  figures: {
    unary: { one: { cpuUs: [50, 10, 40], perSecond: [1_000, 2_000, 9_000], p50Ms: [], p99Ms: [] } },
    json: { two: { cpuUs: [7], perSecond: [1], p50Ms: [], p99Ms: [] } },
  },
  outside: { h2load: { one: 41.5, two: 8 } },
  idle: {
    one: { bytesPerStream: [1_000, 3_000], bytesPerConnection: [4_000, 6_000], afterwards: [1, 1] },
  },
  droppedRows: {},
};

test("the README shows the table of the committed results", () => {
  const script = fileURLToPath(new URL("../../bench/table.ts", import.meta.url));
  doesNotThrow(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" }));
});

test("a row holds the median of each measure, and nothing where a server has none", () => {
  const [head, , one, two] = tableFromResults(results).split("\n");
  equal(
    head,
    "| server | unary, µs | unary, calls/s | JSON over HTTP/1.1, µs | idle stream, KB | idle connection, KB |",
  );
  equal(one, "| one | 40 | 2,000 |  | 2.0 | 5.0 |");
  equal(two, "| two |  |  | 7.0 |  |  |");
});

test("what other tools find stands below the table", () => {
  const lines = tableFromResults(results).split("\n");
  equal(lines.at(-1), "The unary call under h2load, µs: one 41.5, two 8.");
});

test("a README with another table is told from one with this table", () => {
  const readme = "before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n";
  const written = withTable(readme, tableFromResults(results));
  equal(written === readme, false);
  equal(withTable(written, tableFromResults(results)), written);
  equal(written.endsWith("<!-- bench:end -->\nafter\n"), true);
});

test("a README without the markers is refused", () => {
  throws(() => withTable("# runrpc\n", tableFromResults(results)));
});
