import assert from "node:assert/strict";
import { test } from "node:test";
import { createWakeups } from "../../../src/runrpc/streams/wakeup.ts";

const { signal } = new AbortController();

test("a write between reading and waiting is not slept through", async () => {
  const wakeups = createWakeups();
  const topic = wakeups.join("a");
  const { version } = topic;
  wakeups.notify("a");
  await topic.waitPast(version, signal);
  assert.notEqual(topic.version, version);
});

test("a write to one topic wakes all who wait on it and nobody else", async () => {
  const wakeups = createWakeups();
  const [one, two, other] = [wakeups.join("a"), wakeups.join("a"), wakeups.join("b")];
  const waits = [one, two].map((topic) => topic.waitPast(topic.version, signal));
  const cancel = new AbortController();
  const otherWait = other.waitPast(other.version, cancel.signal);
  wakeups.notify("a");
  await Promise.all(waits);
  assert.equal(wakeups.waiting, 1);
  cancel.abort(new Error("enough"));
  await assert.rejects(otherWait, { message: "enough" });
  assert.equal(wakeups.waiting, 0);
});

test("a topic that is left and joined again never repeats a version", () => {
  const wakeups = createWakeups();
  const first = wakeups.join("a");
  const { version } = first;
  first.leave();
  wakeups.notify("a");
  assert.notEqual(wakeups.join("a").version, version);
});

test("a wait whose signal has aborted rejects, also when there is something to read", async () => {
  const wakeups = createWakeups();
  const topic = wakeups.join("a");
  const { version } = topic;
  wakeups.notify("a");
  const reason = new Error("gone");
  await assert.rejects(topic.waitPast(version, AbortSignal.abort(reason)), reason);
});
