import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { backoffMs, pause } from "../../../src/runrpc/client/backoff.ts";

test("each wait is between half and all of a time that doubles, up to five seconds", () => {
  const waits = (random: number) => [1, 2, 3, 6, 7, 100].map((retry) => backoffMs(retry, random));
  assert.deepEqual(waits(0), [50, 100, 200, 1_600, 2_500, 2_500]);
  assert.deepEqual(waits(1), [100, 200, 400, 3_200, 5_000, 5_000]);
});

test("a pause that is over listens to its signal no more", async () => {
  const { signal } = new AbortController();
  const paused = pause(1, signal);
  assert.equal(getEventListeners(signal, "abort").length, 1);
  await paused;
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a pause ends with the reason of its signal, be it aborted before or meanwhile, and leaves no timer", async () => {
  const controller = new AbortController();
  const paused = pause(3_600_000, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(paused, /^Error: enough$/);
  await assert.rejects(pause(3_600_000, controller.signal), /^Error: enough$/);
  assert.ok(!process.getActiveResourcesInfo().includes("Timeout"));
});
