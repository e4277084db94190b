// Whether a worker's event loop turns, by a real process that is stopped by signals.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { watchHeartbeat } from "../../../src/runrpc/workers/heartbeat.ts";
import { type Member, startMember } from "../../../src/runrpc/workers/member.ts";
import { makeFolder } from "../../app/project.ts";

const GIVE_UP_MS = 60_000;

const link = pathToFileURL(join(import.meta.dirname, "../../../src/runrpc/workers/primary-link.ts"));

/** A process that answers, and spins for ever when it is told to. */
async function start(t: TestContext): Promise<Member> {
  const main = join(makeFolder(), "beat.mjs");
  writeFileSync(
    main,
    `import { linkToPrimary } from "${link}";
    const { ready } = linkToPrimary(process, { answer: () => "", hear() { for (;;); } });
    ready({});`,
  );
  const nobody = { answer: () => "", hear() {} };
  const on = { taken() {}, refused() {}, stopped() {} };
  const member = startMember(1, { main, task: {}, env: process.env, reader: nobody, on });
  t.after(() => member.kill());
  await member.ready;
  return member;
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const giveUp = AbortSignal.timeout(GIVE_UP_MS);
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => giveUp.addEventListener("abort", () => reject(new Error(what)))),
  ]);
}

for (const [how, hold] of [
  ["is stopped", ({ pid = 0 }: Member) => process.kill(pid, "SIGSTOP")],
  ["spins", ({ tell }: Member) => void tell("spin", "")],
] as const)
  it(`a worker that ${how} is told of once`, async (t) => {
    const member = await start(t);
    const still = Promise.withResolvers<number>();
    let times = 0;
    const leave = watchHeartbeat(
      member,
      (heldMs) => {
        times++;
        still.resolve(heldMs);
      },
      { everyMs: 20, maxMissed: 3 },
    );
    t.after(leave);
    hold(member);
    assert.equal(await within(still.promise, "nobody was told"), 60);
    member.kill();
    await member.ended;
    assert.equal(times, 1);
  });

it("one that answers late is given all the time again; the watch ends when it is left", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const questions: ((answer: string | undefined) => void)[] = [];
  const ask = () => new Promise<string | undefined>((resolve) => questions.push(resolve));
  const told: number[] = [];
  const watch = () => watchHeartbeat({ ask }, (heldMs) => told.push(heldMs), { everyMs: 10, maxMissed: 3 });
  const answer = async (text: string | undefined) => {
    questions.pop()?.(text);
    await Promise.resolve();
  };
  const leave = watch();
  t.mock.timers.tick(30); // asked, and missed twice
  await answer("");
  t.mock.timers.tick(30);
  assert.deepEqual(told, []);
  leave();
  t.mock.timers.tick(100);
  assert.deepEqual(told, []);
  watch();
  t.mock.timers.tick(30);
  await answer(undefined); // no answer
  t.mock.timers.tick(10); // asked again
  assert.deepEqual(told, []);
  t.mock.timers.tick(10);
  assert.deepEqual(told, [30]);
  t.mock.timers.tick(100);
  assert.deepEqual(told, [30]);
});
