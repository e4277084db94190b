import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { CHANNEL_BYTES, type Channel, createChannel } from "../../../src/runrpc/threads/channel.ts";
import { createRandom } from "../server/lanes/differential/random.ts";

type Said = readonly [op: number, call: number, bytes: string | undefined, value: unknown];

/** A side of a channel whose messages lie in a mailbox until somebody takes them. */
interface Side {
  readonly channel: Channel;
  readonly heard: Said[];
  /** Of the other side, in order. */
  readonly mail: unknown[];
}

/** Both sides, as a thread and the main one have them. */
function connect(): readonly [main: Side, thread: Side] {
  const memory = new SharedArrayBuffer(CHANNEL_BYTES);
  const mails: readonly unknown[][] = [[], []];
  const sides = (["main", "thread"] as const).map((side, index): Side => {
    const heard: Said[] = [];
    const other = mails[1 - index] ?? [];
    const channel = createChannel({
      memory,
      side,
      post: (message, transfer) =>
        void other.push(structuredClone(message, { transfer: transfer as ArrayBuffer[] })),
      hear: (op, call, bytes, value) => heard.push([op, call, bytes?.toString("latin1"), value]),
      instead: (op, call, value, reason) => [op + 10, `${call} ${typeof value} ${(reason as Error).name}`],
    });
    return { channel, heard, mail: mails[index] ?? [] };
  });
  return sides as [Side, Side]; // two, by the two names
}

/** Takes the messages that have come. */
function collect({ channel, mail }: Side): void {
  for (const message of mail.splice(0)) assert.ok(channel.take(message));
}

const kib = (n: number): Buffer => Buffer.alloc(1_024 * n, n);

describe("what threads say to each other", () => {
  it("comes as it was said: numbers, texts, values and bytes, none and empty ones", () => {
    const [main, thread] = connect();
    const said: readonly Said[] = [
      [1, 2, undefined, undefined],
      [255, 2 ** 31 - 1, "", ""],
      [3, 4, "abc", -5],
      [3, 4, "\u00ff\u0000", "\u0080é\u00ff"],
      [5, 6, "x", { deep: [new Map([[1, 2]])] }],
      [7, 8, undefined, 0],
    ];
    for (const [op, call, bytes, value] of said)
      main.channel.say(op, call, bytes === undefined ? undefined : Buffer.from(bytes, "latin1"), value);
    main.channel.flush();
    collect(thread);
    assert.ok(thread.channel.hear());
    assert.deepEqual(thread.heard, said);
    assert.ok(!thread.channel.hear());
  });

  it("comes in order, whether it goes through memory, has to be cloned, or has no room", () => {
    const [main, thread] = connect();
    const random = createRandom(7);
    const said: Said[] = [];
    for (let n = 0; n < 20_000; n++) {
      const bytes = random.chance(0.002) ? kib(300) : Buffer.alloc(random.below(300), n);
      const value = random.chance(0.01) ? { n } : random.chance(0.3) ? `text ${n}` : n;
      main.channel.say(1, n, bytes, value);
      said.push([1, n, bytes.toString("latin1"), value]);
      if (random.chance(0.2)) main.channel.flush();
      // Later than what came by memory, at times.
      if (random.chance(0.05)) collect(thread);
      if (random.chance(0.05)) thread.channel.hear();
      if (random.chance(0.05)) thread.channel.hearDraft();
    }
    main.channel.flush();
    collect(thread);
    thread.channel.hear();
    assert.equal(thread.heard.length, said.length);
    assert.deepEqual(thread.heard, said);
  });

  it("wakes the other side where it rests, and there alone", () => {
    const [main, thread] = connect();
    const say = (): void => {
      main.channel.say(1, 1, undefined);
      main.channel.flush();
    };
    say();
    assert.equal(thread.mail.length, 1);
    say();
    assert.equal(thread.mail.length, 1);
    collect(thread);
    // Something has come meanwhile.
    assert.ok(!thread.channel.rest());
    thread.channel.hear();
    say();
    assert.ok(!thread.channel.rest());
    thread.channel.hear();
    assert.ok(thread.channel.rest());
    assert.equal(thread.mail.length, 0);
    say();
    assert.equal(thread.mail.length, 1);
    collect(thread);
    thread.channel.hear();
    thread.channel.rest();
    thread.channel.attend();
    say();
    assert.equal(thread.mail.length, 0);
    assert.equal(thread.heard.length, 4);
    assert.ok(thread.channel.hear());
  });

  it("a side that waits for a message may rest, as that wakes it", () => {
    const [main, thread] = connect();
    main.channel.say(1, 1, undefined, {});
    main.channel.flush();
    main.channel.say(1, 2, undefined);
    main.channel.flush();
    assert.ok(thread.channel.awaitsMessage);
    assert.ok(!thread.channel.hear());
    assert.ok(thread.channel.rest());
    collect(thread);
    assert.ok(!thread.channel.awaitsMessage);
    assert.ok(thread.channel.hear());
    assert.equal(thread.heard.length, 2);
  });

  it("that was not sent is heard where it is looked for, and once", () => {
    const [main, thread] = connect();
    main.channel.say(1, 1, Buffer.from("sent"));
    main.channel.flush();
    main.channel.say(1, 2, Buffer.from("one"), "text");
    assert.ok(thread.channel.hearDraft());
    assert.ok(!thread.channel.hearDraft());
    main.channel.say(1, 3, Buffer.from("two"), 2);
    assert.ok(thread.channel.hearDraft());
    assert.ok(main.channel.isDrafted);
    main.channel.say(1, 4, Buffer.from("three"), { deep: true });
    assert.ok(!main.channel.isDrafted);
    assert.ok(!thread.channel.hearDraft());
    main.channel.flush();
    assert.ok(main.channel.isDrafted);
    main.channel.say(1, 5, Buffer.from("four"));
    // The batch before it lies in the mailbox.
    assert.ok(!thread.channel.hearDraft());
    collect(thread);
    assert.ok(thread.channel.hearDraft());
    main.channel.say(1, 6, kib(20));
    assert.ok(!main.channel.isDrafted);
    assert.ok(!thread.channel.hearDraft());
    main.channel.flush();
    assert.ok(thread.channel.hear());
    assert.deepEqual(
      thread.heard.map(([, call, bytes]) => [call, bytes?.length]),
      [4, 3, 3, 5, 4, 20_480].map((length, index) => [index + 1, length]),
    );
  });

  it("comes in order where it is read while a thread writes it", async () => {
    const memory = new SharedArrayBuffer(CHANNEL_BYTES);
    const count = 200_000;
    const talker = new Worker(new URL("./handlers/talker.ts", import.meta.url), {
      workerData: { memory, count },
    });
    let next = 0;
    const channel = createChannel({
      memory,
      side: "main",
      post: () => {},
      hear(op, call, bytes, value) {
        if (op !== 1 || call !== next || value !== call || bytes?.toString() !== String(call))
          assert.fail(`${next} is heard as ${op} ${call} ${bytes} ${value}`);
        next++;
      },
      instead: () => assert.fail("all can be cloned"),
    });
    talker.on("message", channel.take);
    const ended = once(talker, "exit");
    let turns = 0;
    while (next < count && talker.threadId !== -1) {
      for (let n = 0; n < 100; n++) channel.hearDraft();
      if (turns++ % 10 === 0) channel.hear();
      await setImmediate();
    }
    await ended;
    channel.hearDraft();
    assert.equal(next, count);
  });

  it("what cannot be cloned is replaced, and all else of its batch is heard", () => {
    const [main, thread] = connect();
    main.channel.say(1, 1, Buffer.from("one"), "text");
    main.channel.say(2, 2, Buffer.from("two"), { run: () => 1 });
    main.channel.say(3, 3, Buffer.from("three"), { good: true });
    main.channel.flush();
    collect(thread);
    thread.channel.hear();
    assert.deepEqual(thread.heard, [
      [1, 1, "one", "text"],
      [12, 2, "two", "2 object DataCloneError"],
      [3, 3, "three", { good: true }],
    ]);
  });

  it("what is no message of a channel is not taken", () => {
    const [main] = connect();
    assert.ok(!main.channel.take({ ready: [] }));
  });
});
