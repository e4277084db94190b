import assert from "node:assert/strict";
import { test } from "node:test";
import { hear, openShared, until } from "./fixture.ts";

test("what one process publishes all others hear, once a turn, and itself not", async (t) => {
  const { writer, open } = await openShared(t);
  const stores = [await open(), await open(), await open()];
  const heard = stores.map(({ notices }) => hear(notices));
  const own = hear(writer.notices);
  const [one] = stores;
  for (const topic of ["a", "b", "a", 'with "quotes"\nand lines', "a"]) one?.notices.publish(topic);
  await until("the others hear it", () => heard.slice(1).every(({ length }) => length === 3));
  writer.notices.publish("from the writer");
  await until("all hear it", () => heard.every((topics) => topics.includes("from the writer")));
  const told = ["a", "b", 'with "quotes"\nand lines', "from the writer"];
  assert.deepEqual(heard, [["from the writer"], told, told]);
  assert.deepEqual(own, told.slice(0, 3));
});

test("who hears a topic that was published after its write finds the row", async (t) => {
  const { open } = await openShared(t);
  const [one, other] = [await open(), await open()];
  const seen: Promise<string[]>[] = [];
  other.notices.listen({
    gap() {},
    heard: (name) => {
      seen.push(other.queries.items.listNames().then((names) => names.filter((each) => each === name)));
    },
  });
  for (let index = 0; index < 50; index++) {
    await one.queries.items.insertName(`n${index}`);
    one.notices.publish(`n${index}`);
  }
  await until("all are heard", () => seen.length === 50);
  assert.deepEqual(
    (await Promise.all(seen)).flat(),
    Array.from({ length: 50 }, (_, index) => `n${index}`),
  );
});

test("a topic that is too long, and one too many, stand for all", async (t) => {
  const { open } = await openShared(t);
  const [one, other] = [await open(), await open()];
  const heard = hear(other.notices);
  one.notices.publish("x".repeat(1_000));
  await until("the longest is heard", () => heard.length === 1);
  one.notices.publish("x".repeat(1_001));
  await until("a gap is heard", () => heard.length === 2);
  for (let index = 0; index < 4_000; index++) one.notices.publish(`${index}`);
  await until("as many as wait are heard", () => heard.length === 4_002);
  for (let index = 0; index < 4_001; index++) one.notices.publish(`${index}`);
  await until("a gap is heard again", () => heard.length === 4_003);
  assert.deepEqual([heard[1], heard[4_001], heard[4_002]], ["gap", "3999", "gap"]);
});

test("a listener that has ended hears no more", async (t) => {
  const { open } = await openShared(t);
  const [one, other] = [await open(), await open()];
  const ended: string[] = [];
  const end = other.notices.listen({ heard: (topic) => ended.push(topic), gap() {} });
  end();
  const heard = hear(other.notices);
  one.notices.publish("a");
  await until("it is heard", () => heard.length === 1);
  assert.deepEqual(ended, []);
});
