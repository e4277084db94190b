import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startHeart } from "../../../../src/runrpc/debug/watchdog/heart.ts";
import { createMemory, word } from "../../../../src/runrpc/debug/watchdog/memory.ts";
import { createRestWatch } from "../../../../src/runrpc/debug/watchdog/rest.ts";
import { startWatchdog } from "../../../../src/runrpc/debug/watchdog/watchdog.ts";

/** Looks, with pauses in which this thread has nothing to do, until it is so. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let look = 0; look < 600; look++) {
    if (isSo()) return;
    await delay(100);
  }
  assert.fail(what);
}

describe("the heart of a main thread", () => {
  const read = ({ words }: ReturnType<typeof createMemory>, place: number): number =>
    Atomics.load(words, place);

  it("rests where nothing is done, beats once when it is asked, and goes on when it is woken", async () => {
    const memory = createMemory();
    const heart = startHeart(memory, 5);
    const isResting = (): boolean => read(memory, word.isResting) === 1;
    await until(isResting, "it does not rest");
    const beat = read(memory, word.mainBeat);
    await delay(100);
    assert.equal(read(memory, word.mainBeat), beat);
    heart.answer();
    assert.notEqual(read(memory, word.mainBeat), beat);
    heart.wake();
    assert.ok(!isResting());
    const woken = read(memory, word.mainBeat);
    await until(() => read(memory, word.mainBeat) !== woken, "it does not beat");
    heart.stop();
  });

  it("wakes when it is asked and finds that much was done", async () => {
    const memory = createMemory();
    const heart = startHeart(memory, 5);
    await until(() => read(memory, word.isResting) === 1, "it does not rest");
    for (const end = performance.now() + 20; performance.now() < end; );
    heart.answer();
    assert.equal(read(memory, word.isResting), 0);
    heart.stop();
  });
});

describe("a main thread whose heart rests", () => {
  const clock = (cpuMs: number, waitedMs = 0) => ({ cpuMs, waitedMs });
  const beat = { cpu: 1_000, waited: 0 };

  it("is asked when it has run since its last beat for longer than that took", () => {
    assert.equal(createRestWatch().look(0, clock(100.4), beat, true), undefined);
    const ran = createRestWatch().look(0, clock(100.6), beat, true);
    assert.deepEqual(ran?.since, beat);
  });

  it("is asked when it has run at all since the last look, or waited for a processor", () => {
    for (const [now, ranMs] of [
      [clock(100.2), undefined],
      [clock(100.25), 0.05],
      [clock(100.2, 3), 3],
    ] as const) {
      const rest = createRestWatch();
      rest.look(0, clock(100.2), beat, true);
      const ran = rest.look(100, now, beat, false);
      assert.equal(ran && Math.round(100 * ran.ranMs) / 100, ranMs);
      assert.deepEqual(ran?.since, ran && { cpu: 1_002, waited: 0 });
    }
  });

  it("is asked each second, as it may sleep in a function that waits", () => {
    const rest = createRestWatch();
    for (const nowMs of [0, 500, 999]) assert.equal(rest.look(nowMs, clock(100), beat, false), undefined);
    assert.equal(rest.look(1_000, clock(100), beat, false)?.ranMs, 0);
    assert.equal(rest.look(1_999, clock(100), beat, false), undefined);
  });
});

describe("what holds a main thread that had nothing to do before is seen", () => {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (const [what, hold] of [
    [
      "a loop",
      () => {
        for (const end = performance.now() + 300; performance.now() < end; );
      },
    ],
    ["a function that waits", () => Atomics.wait(sleeper, 0, 0, 300)],
  ] as const)
    it(what, async () => {
      const blocks: number[] = [];
      const watchdog = await startWatchdog({
        blockMs: 50,
        currentCall: () => undefined,
        onBlock: ({ heldMs }) => blocks.push(heldMs),
        onFault: (text) => assert.fail(text),
      });
      // What came before is no part of it.
      const isSeen = (): boolean => blocks.some((heldMs) => heldMs > 150 && heldMs < 600);
      for (let round = 0; round < 30 && !isSeen(); round++) {
        // Longer than a heart beats where nothing is done.
        await delay(400);
        hold();
        await delay(100);
      }
      await watchdog.close();
      assert.ok(isSeen(), `blocks of ${blocks}`);
    });
});
