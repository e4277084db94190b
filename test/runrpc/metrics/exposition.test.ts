import assert from "node:assert/strict";
import { it } from "node:test";
import { Exposition, labelsOf } from "../../../src/runrpc/metrics/exposition.ts";
import { Histogram } from "../../../src/runrpc/metrics/histogram.ts";
import { checkedByPromtool } from "./promtool.ts";
import { samplesOf } from "./scrape.ts";

/** Values that break the format where they are not escaped, or look as if they did. */
const hostile = ['"', "\\", "\n", '\\"', "\\n", '"} 1\nfake{a="', "{}", "é\u2028", "\ud800", "", 'a",b="c'];

it("label values are escaped: each is one sample, whatever is in it", async (t) => {
  const exposition = new Exposition();
  exposition.family("escaped", "gauge", "one line\nand \\ another");
  for (const [number, value] of hostile.entries()) exposition.sample(number, labelsOf({ value, after: "x" }));
  const text = exposition.toString();
  assert.equal(
    text,
    [
      "# HELP escaped one line\\nand \\\\ another",
      "# TYPE escaped gauge",
      'escaped{value="\\"",after="x"} 0',
      'escaped{value="\\\\",after="x"} 1',
      'escaped{value="\\n",after="x"} 2',
      'escaped{value="\\\\\\"",after="x"} 3',
      'escaped{value="\\\\n",after="x"} 4',
      'escaped{value="\\"} 1\\nfake{a=\\"",after="x"} 5',
      'escaped{value="{}",after="x"} 6',
      'escaped{value="é\u2028",after="x"} 7',
      'escaped{value="\ufffd",after="x"} 8',
      'escaped{value="",after="x"} 9',
      'escaped{value="a\\",b=\\"c",after="x"} 10',
      "",
    ].join("\n"),
  );
  await checkedByPromtool(t, text);
});

it("numbers are written as Go reads them", async (t) => {
  const exposition = new Exposition();
  exposition.family("numbers", "gauge", "all kinds");
  const values = [
    0,
    -0,
    1.5,
    1e21,
    1e-7,
    Number.MAX_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ];
  for (const [number, value] of values.entries())
    exposition.sample(value, labelsOf({ number: String(number) }));
  assert.deepEqual(
    exposition
      .toString()
      .split("\n")
      .slice(2, -1)
      .map((line) => line.split(" ")[1]),
    ["0", "0", "1.5", "1e+21", "1e-7", "1.7976931348623157e+308", "+Inf", "-Inf", "NaN"],
  );
  await checkedByPromtool(t, exposition.toString());
});

it("a histogram counts what is at a bound below it, and what is above all bounds apart", async (t) => {
  const histogram = new Histogram([0.1, 1]);
  for (const value of [0, 0.1, 0.100_001, 1, 1.000_001, 1_000]) histogram.observe(value);
  const exposition = new Exposition();
  exposition.family("took_seconds", "histogram", "how long");
  histogram.write(exposition, labelsOf({ what: "x" }));
  assert.deepEqual(Object.fromEntries(samplesOf(exposition.toString())), {
    'took_seconds_bucket{what="x",le="0.1"}': 2,
    'took_seconds_bucket{what="x",le="1"}': 4,
    'took_seconds_bucket{what="x",le="+Inf"}': 6,
    'took_seconds_sum{what="x"}': 0 + 0.1 + 0.100_001 + 1 + 1.000_001 + 1_000,
    'took_seconds_count{what="x"}': 6,
  });
  await checkedByPromtool(t, exposition.toString());
});
