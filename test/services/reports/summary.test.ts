import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReportLine } from "../../../src/services/reports/queries.ts";
import { createSummary } from "../../../src/services/reports/summary.ts";

function line(message: string, attributes: Readonly<Record<string, string>> | null = null): ReportLine {
  return { id: 1, time: new Date(0), severity: 2, message, attributes };
}

function measured(values: readonly string[], ranks: readonly number[]) {
  const summary = createSummary("ms");
  summary.add(values.map((ms) => line("x", { ms })));
  return summary.finish(ranks);
}

test("of no lines everything is 0", () => {
  const { lines, measured, least, greatest, mean, percentiles, patterns } = createSummary("ms").finish([50]);
  assert.deepEqual([lines, measured, least, greatest, mean], [0n, 0n, 0, 0, 0]);
  assert.deepEqual([percentiles, patterns], [[{ rank: 50, value: 0 }], []]);
});

test("percentiles are the nearest rank, at their ends as well", () => {
  const values = Array.from({ length: 10 }, (_, index) => String(10 - index));
  const { percentiles = [] } = measured(values, [0, 10, 10.1, 50, 99, 100]);
  assert.deepEqual(
    percentiles.map(({ value }) => value),
    [1, 1, 2, 5, 10, 10],
  );
  const usual = measured(values, []).percentiles ?? [];
  assert.deepEqual(
    usual.map(({ rank }) => rank),
    [50, 90, 95, 99],
  );
});

test("numbers are sorted as numbers, and what is none is not measured", () => {
  const summary = measured(["9", "10", "-1.5", "1e3", "", " ", "fast", "Infinity", "NaN", "0x10"], [100]);
  assert.deepEqual(
    [summary.lines, summary.measured, summary.least, summary.greatest],
    [10n, 5n, -1.5, 1_000],
  );
  assert.equal(summary.mean, (9 + 10 - 1.5 + 1_000 + 16) / 5);
});

test("without an attribute nothing is measured", () => {
  const summary = createSummary("");
  summary.add([line("a", { "": "1" })]);
  assert.equal(summary.finish([]).measured, 0n);
});

test("messages that differ in numbers and ids alone are one pattern, the most frequent first", () => {
  const summary = createSummary("");
  summary.add([
    line("user 4711 left after 3.5 s"),
    line("started"),
    line("user 12 left after 10 s"),
    line("request 4be0643f-1d98-573b-97cd-ca98a65347dd at 12:30:01"),
    line("user 3 left after 1,000 s"),
    line("request 00000000-0000-4000-8000-000000000000 at 0x1f"),
  ]);
  assert.deepEqual(summary.finish([]).patterns, [
    { text: "user # left after # s", count: 3n },
    { text: "request # at #", count: 2n },
    { text: "started", count: 1n },
  ]);
});

test("ten patterns are told, and no more than ten thousand are counted", () => {
  const summary = createSummary("");
  const word = (index: number): string =>
    [...index.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join("");
  for (let index = 0; index < 10_001; index++) summary.add([line(word(index))]);
  summary.add([line(word(10_000)), line(word(10_000)), line(word(9_999))]);
  const { lines, patterns = [] } = summary.finish([]);
  assert.equal(lines, 10_004n);
  assert.equal(patterns.length, 10);
  assert.deepEqual(patterns[0], { text: word(9_999), count: 2n });
});
