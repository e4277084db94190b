import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { it } from "node:test";
import { drainAtSignal, exitCodeOf, watchStopSignals } from "../../src/runrpc/signals.ts";

function watch() {
  const source = new EventEmitter();
  const clock = { ms: 0 };
  const seen: string[] = [];
  const signals = watchStopSignals(source, () => clock.ms);
  signals.first.then((name) => seen.push(`first ${name}`));
  signals.second.then((name) => seen.push(`second ${name}`));
  const send = (name: string, ms: number) => {
    clock.ms = ms;
    source.emit(name);
  };
  return { source, signals, seen, send };
}

it("an echo of the first signal is not a second one, because npm passes on the terminal's Ctrl-C", async () => {
  const { seen, send } = watch();
  send("SIGINT", 1000);
  send("SIGINT", 1200);
  await new Promise(setImmediate);
  assert.deepEqual(seen, ["first SIGINT"]);
  send("SIGINT", 1400);
  await new Promise(setImmediate);
  assert.deepEqual(seen, ["first SIGINT", "second SIGINT"]);
});

it("a signal of the other name is a second one at once", async () => {
  const { seen, send } = watch();
  send("SIGINT", 1000);
  send("SIGTERM", 1001);
  await new Promise(setImmediate);
  assert.deepEqual(seen, ["first SIGINT", "second SIGTERM"]);
});

it("close leaves no listener behind", () => {
  const { source, signals } = watch();
  signals.close();
  assert.deepEqual(source.eventNames(), []);
});

it("exit codes are 128 and the number of the signal", () => {
  assert.deepEqual([exitCodeOf("SIGINT"), exitCodeOf("SIGTERM")], [130, 143]);
});

it("a server drains at the first signal, and the process ends at once at the second", async () => {
  const source = new EventEmitter();
  const drained = Promise.withResolvers<void>();
  const events: unknown[] = [];
  const drain = () => {
    events.push("drain");
    return drained.promise;
  };
  const end = (code: number) => events.push(code);
  const whole = drainAtSignal({ drain }, { source, end }).then((name) => events.push(name));
  await new Promise(setImmediate);
  assert.deepEqual(events, []);
  source.emit("SIGTERM");
  await new Promise(setImmediate);
  source.emit("SIGINT");
  await new Promise(setImmediate);
  assert.deepEqual(events, ["drain", 130]);
  drained.resolve();
  await whole;
  assert.deepEqual([events.at(-1), source.eventNames()], ["SIGTERM", []]);
});
