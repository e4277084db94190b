import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, answersOf } from "../../../src/runrpc/workers/peers.ts";

/** A worker that answers after a question what it is asked, its name, and how long it may take; `silent` answers nothing. */
function workerOf(name: string) {
  return {
    name,
    ask: async (about: string, timeoutMs: number, text = "") =>
      name === "silent" ? undefined : `${name}: ${about} ${text} ${timeoutMs}`,
  };
}

const workers = ["one", "silent", "two"].map(workerOf);

test("all are asked, in the time that is enough, and those who do not answer are counted", async () => {
  assert.deepEqual(await answersOf(workers, { about: "look", text: "at this" }, 50), {
    answers: ["one: look at this 50", "two: look at this 50"],
    silent: 1,
  });
});

test("one is asked by its name, in a time of its own; where it is gone nobody answers, and nobody is silent", async () => {
  const ask = (name: string) => answersOf(workers, { about: "look", text: "", name, timeoutMs: 9 }, 50);
  assert.deepEqual(await ask("two"), { answers: ["two: look  9"], silent: 0 });
  assert.deepEqual(await ask("silent"), { answers: [], silent: 1 });
  assert.deepEqual(await ask("gone"), { answers: [], silent: 0 });
});

test("a process that is alone answers itself, rejects as its answer does, and is silent where it has none", async () => {
  const peers = alone();
  peers.answer("length", (text) => `${text.length}`);
  peers.answer("fault", () => Promise.reject(new Error("no")));
  assert.deepEqual(await peers.ask("length", "abc"), { answers: ["3"], silent: 0 });
  await assert.rejects(peers.ask("fault", ""), /^Error: no$/);
  assert.deepEqual(await peers.ask("unheard of", ""), { answers: [], silent: 1 });
});
