import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { codecs } from "../../../conformance/gen/codecs.ts";
import { COMPRESS_MIN_BYTES, LIMITS } from "./differential/breakages.ts";
import { generate, type Scenario } from "./differential/generate.ts";
import { INTENDED, type Outcome } from "./differential/intended.ts";
import { type Observation, PATIENCE_MS } from "./differential/observation.ts";
import { playHttp1 } from "./differential/raw-http1.ts";
import { playHttp2 } from "./differential/raw-http2.ts";
import { scriptedService } from "./differential/service.ts";

// The same calls, good, odd and broken, go to a server with the stock lane and to one that chooses its lanes. A client
// that reads raw HTTP must see the same, and the records of the calls must say the same.

/** Another seed is another set of calls. */
const SEED = 1;
const COUNT = 250;
/** Scenarios at one time. */
const WIDTH = 8;

interface Side {
  readonly server: Server;
  /** The record of a call, by its request id, once it has ended. */
  readonly recordOf: (id: string) => Promise<CallRecord | undefined>;
}

type Play = (port: number, scenario: Scenario) => Promise<Observation>;

let stock: Side;
let auto: Side;

before(async () => {
  stock = await startSide("stock");
  auto = await startSide("auto");
});

after(() => Promise.all([stock.server.drain(), auto.server.drain()]));

for (const [version, play] of [
  ["HTTP/1.1", playHttp1],
  ["HTTP/2", playHttp2],
] as const) {
  test(`both lanes answer alike over ${version}`, async () => {
    const scenarios = generate(SEED, COUNT);
    const differences: object[] = [];
    const work = async (): Promise<void> => {
      for (let scenario = scenarios.pop(); scenario !== undefined; scenario = scenarios.pop()) {
        const named = withId(scenario, `${version} ${scenario.id}`.replaceAll(/[ /]/g, "-"));
        const outcomes = await Promise.all([outcomeOf(stock, named, play), outcomeOf(auto, named, play)]);
        const [ofStock, ofAuto] = outcomes.map((outcome) => comparable(outcome, named));
        if (isDeepStrictEqual(ofStock, ofAuto)) continue;
        differences.push({ id: named.id, about: named.about, stock: ofStock, auto: ofAuto });
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
    assert.deepEqual(differences, []);
  });
}

async function startSide(lane: "stock" | "auto"): Promise<Side> {
  const ended = new Map<string, PromiseWithResolvers<CallRecord>>();
  const entry = (id: string): PromiseWithResolvers<CallRecord> => {
    const found = ended.get(id) ?? Promise.withResolvers<CallRecord>();
    ended.set(id, found);
    return found;
  };
  const server = await startServer({
    keys: "open",
    services: [scriptedService],
    codecs,
    server: { host: "127.0.0.1", port: 0, lane },
    limits: LIMITS,
    compression: { minBytes: COMPRESS_MIN_BYTES, loopback: true },
    timeouts: { drainTimeoutMs: 0 },
    onRecord: (record) => entry(record.requestId).resolve(record),
  });
  return {
    server,
    recordOf(id) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const patience = setTimeout(() => resolve(undefined), PATIENCE_MS);
      return Promise.race([entry(id).promise, promise]).finally(() => clearTimeout(patience));
    },
  };
}

async function outcomeOf(side: Side, scenario: Scenario, play: Play): Promise<Outcome> {
  const { body, ...seen } = await play(side.server.port, scenario);
  const record = await side.recordOf(scenario.id);
  if (record === undefined) return { seen: { ...seen, body: body.toString("latin1") }, record };
  const { startedAt: _startedAt, durationMs: _durationMs, ...rest } = record;
  return { seen: { ...seen, body: body.toString("latin1") }, record: rest };
}

function comparable(outcome: Outcome, scenario: Scenario): Outcome {
  return INTENDED.reduce((rest, { without }) => without(rest, scenario), outcome);
}

function withId(scenario: Scenario, id: string): Scenario {
  const headers = scenario.headers.map(
    ([name, value]) => [name, name === "x-request-id" ? id : value] as const,
  );
  return { ...scenario, id, headers };
}
