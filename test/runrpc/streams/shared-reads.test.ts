import assert from "node:assert/strict";
import { test } from "node:test";
import { createSharedReads } from "../../../src/runrpc/streams/shared-reads.ts";

/** A reading that a test completes by hand. */
function createReading() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal) => {
    signals.push(signal);
    return promise;
  };
  return { start, signals, resolve, reject };
}

const { signal } = new AbortController();

test("callers with the same key share one reading while it runs, and the next one reads again", async () => {
  const reads = createSharedReads<string>();
  const reading = createReading();
  const results = [reads.read("k", reading.start, signal), reads.read("k", reading.start, signal)];
  reading.resolve("page");
  assert.deepEqual(await Promise.all(results), ["page", "page"]);
  await reads.read("k", reading.start, signal);
  assert.equal(reading.signals.length, 2);
});

test("a caller who leaves does not end the reading of the others; the last one does", async () => {
  const reads = createSharedReads<string>();
  const reading = createReading();
  const [one, two] = [new AbortController(), new AbortController()];
  const results = [one, two].map(({ signal }) => reads.read("k", reading.start, signal));
  const outcomes = Promise.allSettled(results);
  one.abort("first");
  assert.equal(reading.signals[0]?.aborted, false);
  two.abort("second");
  assert.equal(reading.signals[0]?.aborted, true);
  assert.deepEqual(
    (await outcomes).map((outcome) => outcome.status === "rejected" && outcome.reason),
    ["first", "second"],
  );
  // Whoever comes after that starts another reading.
  void reads.read("k", reading.start, signal);
  assert.equal(reading.signals.length, 2);
});

test("a reading that fails fails for all who share it", async () => {
  const reads = createSharedReads<string>();
  const reading = createReading();
  const results = [reads.read("k", reading.start, signal), reads.read("k", reading.start, signal)];
  const reason = new Error("no database");
  reading.reject(reason);
  for (const result of results) await assert.rejects(result, reason);
});
