import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findingFromBlock } from "../../../src/runrpc/debug/block-finding.ts";
import { createFindings, type Finding } from "../../../src/runrpc/debug/finding.ts";
import type { Block } from "../../../src/runrpc/debug/watchdog/memory.ts";
import { headWith } from "../server/call-fixture.ts";
import { recordingLog } from "../server/recording-log.ts";

const slow: Finding = {
  kind: "slow_query",
  text: "the query a.b took 7 ms",
  call: { path: "/t.S/Do", requestId: "req-1" },
  tookMs: 7,
};

describe("findings", () => {
  it("each is written once, then each time that its count has grown tenfold, and at the end", () => {
    const { log, lines } = recordingLog();
    const findings = createFindings(log);
    for (let n = 0; n < 123; n++) findings.take(slow);
    const counts = () => lines.map(({ fields }) => (fields as { readonly count?: number }).count);
    assert.deepEqual(counts(), [undefined, 10, 100]);
    findings.close();
    assert.deepEqual(counts(), [undefined, 10, 100, 123]);
    assert.deepEqual(findings.counts(), { slow_query: 123 });
    const [one] = findings.all();
    assert.deepEqual([one?.count, one?.totalMs, one?.longestMs], [123, 861, 7]);
  });

  it("they differ by kind, place, method and key", () => {
    const { log, lines } = recordingLog();
    const findings = createFindings(log);
    const place = { url: "file:///x.ts", line: 1, functionName: "f" };
    const call = { path: "/t.S/Other", requestId: "req-1" };
    for (const change of [
      {},
      { kind: "slow_call" },
      { place },
      { place: { ...place, line: 2 } },
      { call },
      { key: "k" },
      { call, key: "k" },
    ])
      findings.take({ ...slow, ...(change as Partial<Finding>) });
    assert.equal(lines.length, 7);
  });

  it("more than 500 different ones are counted by their kind alone", () => {
    const { log, lines } = recordingLog();
    const findings = createFindings(log);
    for (let n = 0; n < 501; n++) findings.take({ ...slow, key: String(n) });
    assert.deepEqual([lines.length, findings.all().length], [500, 500]);
    assert.deepEqual(findings.counts(), { slow_query: 501 });
  });
});

describe("what is told of a block", () => {
  const user = { url: "file:///app/service.ts", line: 40, functionName: "getUser" };
  const node = { url: "node:fs", line: 1, functionName: "readFileSync" };
  const block: Block = {
    heldMs: 400,
    cpuMs: 390,
    waitedMs: 5,
    frames: [user],
    isSure: true,
    call: { path: "/t.S/Do", requestId: "req-1" },
    recorded: undefined,
    isRecorderOn: false,
  };
  const run = { head: headWith({ requestId: "req-2" }), tookMs: 390, atMs: performance.now() };
  const tell = (change: Partial<Block>, longRun: typeof run = run) =>
    findingFromBlock({ ...block, ...change }, 100, longRun);

  it("its line and its call", () => {
    const { kind, place, call } = tell({});
    assert.deepEqual([kind, place, call?.requestId], ["loop_held", user, "req-1"]);
  });

  it("the function of Node's by which it was held", () => {
    const { text, place } = tell({ frames: [node, user], isSure: true });
    assert.equal(text, "the event loop was held for 400 ms by readFileSync");
    assert.equal(place, user);
  });

  it("what the recorder saw, where the stop is not sure of its line", () => {
    const recorded = { ...user, line: 12 };
    assert.equal(tell({ isSure: false, recorded }).place, recorded);
    assert.equal(tell({ isSure: true, recorded }).place, user);
    assert.match(tell({ isSure: false }).text, /at this line or shortly before it/);
  });

  it("the call whose piece filled most of it, where the stop came too late to ask", () => {
    assert.equal(tell({ call: undefined }).call?.requestId, "req-2");
    assert.equal(tell({ call: undefined }, { ...run, tookMs: 100 }).call, undefined);
    assert.equal(tell({ call: undefined }, { ...run, atMs: performance.now() - 2_000 }).call, undefined);
    assert.equal(findingFromBlock({ ...block, call: undefined }, 100, undefined).call, undefined);
  });

  for (const [name, change, kind] of [
    ["it waited for a processor: the machine's", { waitedMs: 301 }, "machine_busy"],
    ["it held the loop for long enough by itself", { waitedMs: 300 }, "loop_held"],
    [
      "it waited for most of it, and then did what had piled up",
      { heldMs: 1_300, waitedMs: 1_001 },
      "machine_busy",
    ],
    [
      "it waited for most of it, and held the loop all the same",
      { heldMs: 1_300, waitedMs: 1_000 },
      "loop_held",
    ],
    ["no more is known than that it ran little", { waitedMs: undefined, cpuMs: 199 }, "machine_busy"],
    ["it ran for half of it", { waitedMs: undefined, cpuMs: 200 }, "loop_held"],
    [
      "it stood in a function of Node's, which may wait for the system",
      { waitedMs: undefined, cpuMs: 1, frames: [node, user] },
      "loop_held",
    ],
    ["nothing is known of its time", { waitedMs: undefined, cpuMs: undefined }, "loop_held"],
  ] as const)
    it(name, () => assert.equal(tell(change).kind, kind));
});
