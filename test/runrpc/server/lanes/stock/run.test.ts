import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type Message } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { runInput, runToMessage, runToStream } from "../../../../../src/runrpc/server/lanes/stock/run.ts";
import { isCollected } from "../../../../collect.ts";
import { openCalls } from "../../call-fixture.ts";

const message = (): Message => create(EmptySchema);
const cancelled = new ConnectError("gone", Code.Canceled);
const never = new Promise<never>(() => {});

describe("runToMessage", () => {
  it("gives what the handler returns, promised or not", async () => {
    const { begin } = openCalls();
    const value = message();
    assert.equal(await runToMessage(begin(), () => value), value);
    assert.equal(await runToMessage(begin(), async () => value), value);
  });

  it("turns what the handler throws, now or later, into a ConnectError", async () => {
    const { begin } = openCalls();
    const boom = () => {
      throw new Error("boom");
    };
    for (const start of [boom, async () => boom()]) {
      const call = begin();
      await assert.rejects(runToMessage(call, start), { code: Code.Internal });
      assert.equal(call.handlerRunning, false);
    }
  });

  it("rejects at a cancel although the handler does not listen, which is left running", async () => {
    const call = openCalls().begin();
    const result = runToMessage(call, () => never);
    call.cancel("client", cancelled);
    await assert.rejects(result, cancelled);
    assert.equal(call.handlerRunning, true);
  });

  it("does not start a handler whose call is over", async () => {
    const call = openCalls().begin();
    call.cancel("client", cancelled);
    await assert.rejects(
      runToMessage(call, () => assert.fail("started")),
      cancelled,
    );
  });
});

describe("runToStream", () => {
  it("passes the messages on and counts them", async () => {
    const call = openCalls().begin();
    const stream = runToStream(call, async function* () {
      yield message();
      yield message();
    });
    assert.equal((await Array.fromAsync(stream)).length, 2);
    assert.deepEqual([call.messagesOut, call.settled, call.error], [2, true, undefined]);
  });

  it("a cancel while nobody asks for the next message runs the handler's finally", async () => {
    const call = openCalls().begin();
    const ended = Promise.withResolvers<void>();
    const iterator = runToStream(call, async function* () {
      try {
        yield message();
        yield message();
      } finally {
        ended.resolve();
      }
    })[Symbol.asyncIterator]();
    await iterator.next();
    call.cancel("client", cancelled);
    await ended.promise;
    await assert.rejects(iterator.next(), cancelled);
  });

  it("a cancel while the handler waits without its signal rejects at once, and leaves it behind", async () => {
    const call = openCalls().begin();
    const iterator = runToStream(call, async function* () {
      await never;
      yield message();
    })[Symbol.asyncIterator]();
    const next = iterator.next();
    call.cancel("deadline", new ConnectError("late", Code.DeadlineExceeded));
    await assert.rejects(next, { code: Code.DeadlineExceeded });
    assert.equal(call.handlerRunning, true);
  });

  it("a consumer that leaves runs the handler's finally", async () => {
    const call = openCalls().begin();
    let ended = false;
    const stream = runToStream(call, async function* () {
      try {
        for (;;) yield message();
      } finally {
        ended = true;
      }
    });
    for await (const _ of stream) break;
    assert.deepEqual([ended, call.handlerRunning], [true, false]);
  });

  it("what the handler's finally throws after a cancel is told", async () => {
    const { begin, lines } = openCalls();
    const call = begin();
    const iterator = runToStream(call, async function* () {
      try {
        yield message();
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what a handler may do
        throw new Error("in finally");
      }
    })[Symbol.asyncIterator]();
    await iterator.next();
    call.cancel("client", cancelled);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(call.handlerRunning, false);
    assert.match(
      JSON.stringify(lines, (_, value) => (value instanceof Error ? value.message : value)),
      /in finally/,
    );
  });

  it("what cannot be a message ends the stream, and the handler's finally runs", async () => {
    const call = openCalls().begin();
    let ended = false;
    const handler = async function* () {
      try {
        for (;;) yield "text";
      } finally {
        ended = true;
      }
    };
    const iterator = runToStream(call, handler, () => {
      throw new ConnectError("no message", Code.Internal);
    })[Symbol.asyncIterator]();
    await assert.rejects(iterator.next(), { code: Code.Internal });
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.deepEqual([ended, call.handlerRunning], [true, false]);
  });

  it("an iterator that has ended is not told to return", async () => {
    const call = openCalls().begin();
    let returned = 0;
    const iterator = runToStream(call, () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: true, value: undefined }),
        async return() {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    }))[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).done, true);
    await iterator.return?.();
    assert.equal(returned, 0);
  });

  it("what the handler throws after some messages ends the stream with its code", async () => {
    const call = openCalls().begin();
    const stream = runToStream(call, async function* () {
      yield message();
      throw new ConnectError("enough", Code.OutOfRange);
    });
    await assert.rejects(Array.fromAsync(stream), { code: Code.OutOfRange });
    assert.deepEqual([call.messagesOut, call.error?.code], [1, Code.OutOfRange]);
  });

  it("keeps nothing of what a handler was begun with, though that never ends", async () => {
    // What the handler waits for keeps whoever asks it.
    async function* waiting(): AsyncGenerator<Message> {
      yield message();
      await never;
    }
    const whole = (value: unknown) => value as Message; // `waiting` yields nothing else
    const call = openCalls().begin();
    const begin = async (): Promise<WeakRef<object>> => {
      const context = { values: new Map() };
      const handler = () => {
        assert.ok(context.values.size === 0);
        return waiting();
      };
      const iterator = runToStream(call, handler, whole)[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      call.cancel("deadline", new ConnectError("late", Code.DeadlineExceeded));
      await assert.rejects(next, { code: Code.DeadlineExceeded });
      return new WeakRef(context);
    };
    const context = await begin();
    assert.ok(await isCollected(context));
    assert.equal(call.handlerRunning, true);
  });
});

describe("runInput", () => {
  it("keeps nothing of a message that was taken, while its call is open", async () => {
    const call = openCalls().begin();
    const source = (async function* () {
      for (;;) yield message();
    })();
    const inputs = runInput(call, source);
    const takeOne = async (): Promise<WeakRef<object>> => new WeakRef((await inputs.next()).value ?? {});
    const taken = await takeOne();
    await takeOne();
    assert.ok(await isCollected(taken));
    assert.equal(call.settled, false);
  });

  it("counts what comes in, and ends with a cancel although nothing comes", async () => {
    const call = openCalls().begin();
    const source = (async function* () {
      yield message();
      await never;
    })();
    const inputs = runInput(call, source);
    await inputs.next();
    const second = inputs.next();
    call.cancel("client", cancelled);
    await assert.rejects(second, cancelled);
    assert.equal(call.messagesIn, 1);
  });
});
