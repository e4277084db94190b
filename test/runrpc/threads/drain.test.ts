import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "./serve.ts";

const WAITS = "00000000-0000-4000-8000-000000000000";

/** Messages that a client sends when the test says so. */
function held<T>() {
  const waiting: T[] = [];
  let hasEnded = false;
  let wake = (): void => {};
  return {
    send(message: T): void {
      waiting.push(message);
      wake();
    },
    end(): void {
      hasEnded = true;
      wake();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<T> {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) yield message;
        else if (hasEnded) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}

const codeOf = (work: Promise<unknown>): Promise<Code> =>
  work.then(
    () => assert.fail("the call succeeded"),
    (reason: unknown) => ConnectError.from(reason).code,
  );

/** Threads of workers, as the kernel has them. */
const handlesOf = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;

for (const lane of ["auto", "stock"])
  describe(`a drain with calls in threads, lane ${lane}`, () => {
    it("serves all four kinds to their ends, and ends the threads", async (t) => {
      const before = handlesOf();
      const { users, logs, chat, server } = await serve(t, { lane, drainTimeoutMs: 120_000, threads: 2 });
      const lines = held<{ entries: { message: string }[] }>();
      const upload = logs.uploadLogs(lines);
      lines.send({ entries: [{ message: "before" }] });
      const said = held<{ text: string }>();
      const heard = chat.chat(said)[Symbol.asyncIterator]();
      said.send({ text: "before" });
      assert.equal((await heard.next()).value?.text, "before");
      const stream = users.streamUsers({ limit: 2_000 })[Symbol.asyncIterator]();
      assert.equal((await stream.next()).value?.user?.displayName, "user 1");
      const waits = users.listUsers({ pageToken: "waits", pageSize: 500 });
      while (server.stats().calls.open < 4) await delay(1);

      const drained = server.drain();
      lines.send({ entries: [{ message: "after" }] });
      lines.end();
      assert.equal((await upload).logsReceived, 2n);
      said.send({ text: "after" });
      said.end();
      assert.equal((await heard.next()).value?.text, "after");
      assert.equal((await heard.next()).done, true);
      let count = 1;
      for (let next = await stream.next(); next.done !== true; next = await stream.next()) count++;
      assert.equal(count, 2_000);
      assert.equal((await waits).users.length, 1);
      await drained;
      while (handlesOf() > before) await delay(1);
    });

    it("ends those of all four kinds that take longer with UNAVAILABLE, heedful or not", async (t) => {
      const { users, logs, chat, server } = await serve(t, { lane, threads: 4, graceMs: 100 });
      const codes = [
        codeOf(users.getUser({ id: WAITS })),
        codeOf(users.listUsers({ pageToken: "deaf" })),
        codeOf(logs.uploadLogs(held<{ entries: { message: string }[] }>())),
        codeOf(
          (async () => {
            for await (const _ of chat.chat(held<{ text: string }>())) assert.fail("nothing was said");
          })(),
        ),
        codeOf(
          (async () => {
            for await (const _ of users.streamUsers({ limit: 2 ** 31 - 1 })) await delay(5);
          })(),
        ),
      ];
      while (server.stats().calls.open < codes.length) await delay(1);
      await server.drain();
      assert.deepEqual(
        await Promise.all(codes),
        codes.map(() => Code.Unavailable),
      );
    });
  });
