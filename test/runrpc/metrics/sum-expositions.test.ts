import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Exposition, labelsOf } from "../../../src/runrpc/metrics/exposition.ts";
import { createGroupMetrics } from "../../../src/runrpc/metrics/group-metrics.ts";
import { sumExpositions } from "../../../src/runrpc/metrics/sum-expositions.ts";
import { checkedByPromtool } from "./promtool.ts";
import { samplesOf, sumOf } from "./scrape.ts";

/** What a process tells that has served `calls`, of which the oldest is open for `ageSeconds`. */
function textOf(calls: number, ageSeconds: number, method = 'a b\\"c'): string {
  const exposition = new Exposition();
  const labels = labelsOf({ method });
  exposition.family("calls_total", "counter", "Calls,\nall of them.");
  exposition.sample(calls, labels);
  exposition.family("rpc_seconds", "histogram", "Durations.");
  exposition.histogram([0.1, 1], [calls, 0, 1], 2.5, labels);
  exposition.one("runrpc_server_oldest_call_age_seconds", "gauge", "Age.", ageSeconds);
  exposition.one("process_start_time_seconds", "gauge", "Start.", 1_000 - calls);
  exposition.one("runrpc_connections", "gauge", "Connections.", 2);
  return exposition.toString();
}

describe("sumExpositions", () => {
  it("adds counters, histograms and gauges up, and takes the greatest or the least where a sum tells nothing", async (t) => {
    const text = sumExpositions([{ text: textOf(3, 7) }, { text: textOf(4, 5) }]);
    const samples = samplesOf(text);
    const labels = '{method="a b\\\\\\"c"}';
    assert.equal(samples.get(`calls_total${labels}`), 7);
    assert.equal(sumOf(samples, "rpc_seconds_bucket", { le: "0.1" }), 7);
    assert.equal(sumOf(samples, "rpc_seconds_bucket", { le: "+Inf" }), 9);
    assert.equal(samples.get(`rpc_seconds_sum${labels}`), 5);
    assert.equal(samples.get("runrpc_server_oldest_call_age_seconds"), 7);
    assert.equal(samples.get("process_start_time_seconds"), 996);
    assert.equal(samples.get("runrpc_connections"), 4);
    await checkedByPromtool(t, text);
  });

  it("of one text makes the same text, and keeps a method that only one of them has", () => {
    assert.equal(sumExpositions([{ text: textOf(3, 7) }]), textOf(3, 7));
    const samples = samplesOf(sumExpositions([{ text: textOf(3, 7, "a") }, { text: textOf(4, 5, "b") }]));
    assert.deepEqual(
      [samples.get('calls_total{method="a"}'), samples.get('calls_total{method="b"}')],
      [3, 4],
    );
  });

  it("leaves the gauges of the past out", () => {
    const samples = samplesOf(sumExpositions([{ text: textOf(3, 7), isPast: true }, { text: textOf(4, 5) }]));
    assert.equal(sumOf(samples, "calls_total"), 7);
    assert.equal(samples.get("runrpc_server_oldest_call_age_seconds"), 5);
    assert.equal(samples.get("runrpc_connections"), 2);
  });
});

it("what a worker has counted stays when it is silent, and when it has ended", () => {
  const metrics = createGroupMetrics();
  const counts = { serving: 2, restarts: 0 };
  const [one, other] = [{}, {}];
  const calls = (answers: readonly (readonly [object, string | undefined])[]) => {
    const samples = samplesOf(metrics.sum(new Map(answers), counts));
    return [
      sumOf(samples, "calls_total"),
      sumOf(samples, "runrpc_connections"),
      sumOf(samples, "runrpc_workers_silent"),
    ];
  };
  try {
    assert.deepEqual(
      calls([
        [one, textOf(3, 7)],
        [other, textOf(4, 5)],
      ]),
      [7, 4, 0],
    );
    assert.deepEqual(
      calls([
        [one, undefined],
        [other, textOf(5, 5)],
      ]),
      [8, 2, 1],
    );
    metrics.told(one, textOf(6, 0));
    metrics.ended(one);
    assert.deepEqual(calls([[other, textOf(5, 5)]]), [11, 2, 0]);
    assert.deepEqual(
      calls([
        [one, textOf(6, 0)],
        [other, textOf(5, 5)],
      ]),
      [11, 2, 0],
      "an answer that came too late",
    );
  } finally {
    metrics.close();
  }
});
