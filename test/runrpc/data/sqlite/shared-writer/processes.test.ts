import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { openTestStore, tempDirectory } from "../../fixture/open.ts";
import { firstMessage, openShared, start, until } from "./fixture.ts";
import type { Order } from "./store-process.ts";

// Processes that are killed: RUNRPC_DURABILITY_ROUNDS=50 for more rounds.
const rounds = Number(process.env.RUNRPC_DURABILITY_ROUNDS ?? 2);

/** A process that writes without pause, and what it has printed. */
function startWriting(t: TestContext, file: string, socket: string, name: string) {
  const child = start(t, "write-through", [file, socket, name]);
  const acknowledged: string[] = [];
  const failures: string[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) (line.startsWith("!") ? failures : acknowledged).push(line);
  });
  return { child, acknowledged, failures };
}

/** What was acknowledged is there, and nothing twice. */
function compare(acknowledged: readonly string[], labels: readonly string[]): void {
  const there = new Set(labels);
  assert.equal(there.size, labels.length, "no row is there twice");
  const lost = acknowledged.filter((label) => !there.has(label));
  assert.deepEqual(lost, [], "acknowledged, and not there");
}

test("200 read-modify-writes of two processes give what they would one after the other, and 200 that throw leave nothing", async (t) => {
  const { writer } = await openShared(t);
  const { id } = await writer.queries.items.insertItem({ name: "counter" });
  const children = [1, 2].map(() => start(t, "store-process", [writer.database, writer.socket]));
  await Promise.all(children.map((child) => firstMessage(child)));
  const inputs = Array.from({ length: 200 }, (_, index) => ({ id, fails: index % 2 === 1 }));
  const answers = children.map((child) => firstMessage<string[]>(child));
  for (const child of children) child.send({ query: "increment", inputs } satisfies Order);
  const codes = (await Promise.all(answers)).flat();
  const count = (code: string) => codes.filter((each) => each === code).length;
  assert.deepEqual([count("ok"), count("aborted")], [200, 200]);
  assert.equal((await writer.queries.items.getItem({ id }))?.amount, 200);
});

test(`what a process was acknowledged is there after kill -9, none of it twice, and the others go on, ${rounds} times`, async (t) => {
  const { writer, open } = await openShared(t);
  const store = await open();
  await store.queries.items.insertName("owner");
  const acknowledged: string[] = [];
  const survivor = startWriting(t, writer.database, writer.socket, "survivor");
  for (let round = 1; round <= rounds; round++) {
    const victim = startWriting(t, writer.database, writer.socket, `victim${round}`);
    const killAfter = Math.ceil(Math.random() * 500);
    await until("the victim writes", () => victim.acknowledged.length >= killAfter);
    victim.child.kill("SIGKILL");
    await once(victim.child, "close");
    acknowledged.push(...victim.acknowledged);
    const before = survivor.acknowledged.length;
    await until("the survivor goes on", () => survivor.acknowledged.length > before + 100);
  }
  survivor.child.kill("SIGKILL");
  await once(survivor.child, "close");
  await until("nothing is left of them", () => writer.stats().queued + writer.stats().inFlight === 0);
  assert.deepEqual(survivor.failures, []);
  compare([...acknowledged, ...survivor.acknowledged], await store.queries.items.listLabels());
});

test(`what was acknowledged is there after kill -9 of the process that writes, and the others are told what they know, ${rounds} times`, async (t) => {
  const file = join(await tempDirectory(t), "test.sqlite");
  const acknowledged: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const host = start(t, "writer-process", [file]);
    const socket = await firstMessage<string>(host);
    const [one, other] = [1, 2].map((n) => startWriting(t, file, socket, `${round}-${n}`));
    assert.ok(one !== undefined && other !== undefined);
    const ended = [one, other].map(({ child }) => once(child, "close"));
    const killAfter = Math.ceil(Math.random() * 500);
    await until(
      "both write",
      () => Math.min(one.acknowledged.length, other.acknowledged.length) >= killAfter,
    );
    host.kill("SIGKILL");
    await Promise.all(ended);
    for (const { failures, acknowledged: own } of [one, other]) {
      assert.equal(failures.pop(), "! then unavailable");
      assert.equal(failures.length, 16);
      // One that had not been sent is known to be not stored.
      assert.deepEqual(
        failures.filter((failure) => !["! unknown", "! unavailable"].includes(failure)),
        [],
      );
      acknowledged.push(...own);
    }
    const store = await openTestStore(t, { file });
    compare(acknowledged, await store.queries.items.listLabels());
    await store.close();

    // What the killed one left in the temporary folder goes when the next one starts, once it is old.
    const hourAgo = new Date(Date.now() - 3_600_000);
    assert.ok(existsSync(socket));
    await utimes(dirname(socket), hourAgo, hourAgo);
    const { writer } = await openShared(t);
    assert.deepEqual([existsSync(dirname(socket)), existsSync(writer.socket)], [false, true]);
  }
});
