// Whether a worker's event loop turns, by a real process that is stopped by signals.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { close, open } from "node:inspector";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { answerBeat, BEAT, watchHeartbeat } from "../../../src/runrpc/workers/heartbeat.ts";
import { type Member, startMember } from "../../../src/runrpc/workers/member.ts";
import { makeFolder } from "../../app/project.ts";

const GIVE_UP_MS = 60_000;

const sources = pathToFileURL(join(import.meta.dirname, "../../../src/runrpc/workers/"));

// Workers have the flags of this process: where a signal opens an inspector, it has a port of its own.
process.execArgv.push("--inspect-port=0");

/** A process that answers, and spins for ever when it is told to. */
async function start(t: TestContext): Promise<Member> {
  const main = join(makeFolder(), "beat.mjs");
  writeFileSync(
    main,
    `import { linkToPrimary } from "${sources}/primary-link.ts";
    import { answerBeat } from "${sources}/heartbeat.ts";
    const { ready } = linkToPrimary(process, { answer: answerBeat, hear() { for (;;); } });
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
    const still = Promise.withResolvers<void>();
    let times = 0;
    const leave = watchHeartbeat(member, 120, () => {
      times++;
      still.resolve();
    });
    t.after(leave);
    hold(member);
    await within(still.promise, "nobody was told");
    member.kill();
    await member.ended;
    assert.equal(times, 1);
  });

it("one that answers late is given all the time again; the watch ends when it is left", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const questions: ((answer: string | undefined) => void)[] = [];
  const ask = () => new Promise<string | undefined>((resolve) => questions.push(resolve));
  let told = 0;
  const watch = () => watchHeartbeat({ ask }, 60, () => told++);
  const answer = async (text: string | undefined) => {
    questions.pop()?.(text);
    await Promise.resolve();
  };
  const leave = watch();
  t.mock.timers.tick(50); // asked at once, and missed five times
  await answer("");
  t.mock.timers.tick(60); // asked, and missed five times
  assert.equal(told, 0);
  leave();
  t.mock.timers.tick(100);
  assert.equal(told, 0);
  watch();
  t.mock.timers.tick(50);
  await answer(undefined); // no answer
  t.mock.timers.tick(10); // asked again
  assert.equal(told, 0);
  t.mock.timers.tick(10);
  assert.equal(told, 1);
  t.mock.timers.tick(100);
  assert.equal(told, 1);
});

it("one that has said that it is debugged may stand still, until it says that it is not", async (t) => {
  open(0, "127.0.0.1");
  const debugged = answerBeat();
  close();
  t.mock.timers.enable({ apis: ["setInterval"] });
  const questions: ((answer: string) => void)[] = [];
  const ask = () => new Promise<string>((resolve) => questions.push(resolve));
  let told = 0;
  const leave = watchHeartbeat({ ask }, 60, () => told++);
  t.after(leave);
  const answer = async (text: string) => {
    questions.pop()?.(text);
    await Promise.resolve();
  };
  await answer(debugged);
  t.mock.timers.tick(1_000);
  assert.equal(told, 0);
  await answer(answerBeat());
  t.mock.timers.tick(60); // asked, and missed five times
  assert.equal(told, 0);
  t.mock.timers.tick(10);
  assert.equal(told, 1);
});

it("a worker whose inspector is opened while it runs says that it is debugged", async (t) => {
  const { pid = 0, ask } = await start(t);
  assert.equal(await ask(BEAT, GIVE_UP_MS), "");
  process.kill(pid, "SIGUSR1");
  const giveUp = AbortSignal.timeout(GIVE_UP_MS);
  while ((await ask(BEAT, GIVE_UP_MS)) !== "debugged")
    assert.ok(!giveUp.aborted, "it does not say that it is debugged");
});
