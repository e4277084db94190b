import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code, ConnectError } from "@connectrpc/connect";
import { openCalls } from "../call-fixture.ts";

const cancelled = new ConnectError("gone", Code.Canceled);

describe("a call's signal", () => {
  it("aborts on cancel, with the reason", () => {
    const call = openCalls().begin();
    const { signal } = call;
    call.cancel("client", cancelled);
    assert.equal(signal.reason, cancelled);
  });

  it("is aborted already when it is first read after a cancel", () => {
    const call = openCalls().begin();
    call.cancel("client", cancelled);
    assert.equal(call.signal.reason, cancelled);
  });

  it("never aborts after success", () => {
    const call = openCalls().begin();
    const { signal } = call;
    call.succeed();
    call.cancel("client", cancelled);
    call.end();
    assert.equal(signal.aborted, false);
  });

  it("does not abort when the handler failed by itself", () => {
    const call = openCalls().begin();
    const { signal } = call;
    call.fail(new ConnectError("no", Code.NotFound));
    call.end();
    assert.equal(signal.aborted, false);
  });
});

describe("a call's deadline", () => {
  it("cancels it with deadline_exceeded, whether anybody listens or not", async () => {
    const call = openCalls().begin();
    const reason = new Promise<ConnectError>((resolve) => call.onCancel(resolve));
    call.startDeadline(5);
    assert.ok((call.remainingMs() ?? 99) <= 5);
    assert.equal((await reason).code, Code.DeadlineExceeded);
    assert.equal(call.cancelledBy, "deadline");
    assert.equal(call.remainingMs(), 0);
  });

  it("is not there when nobody set one", () => assert.equal(openCalls().begin().remainingMs(), undefined));
});

it("nothing keeps a call that has ended before its deadline", async () => {
  const { begin } = openCalls();
  const ended = Array.from({ length: 3 }, () => {
    const call = begin();
    call.startDeadline(3_600_000);
    call.succeed();
    call.end();
    return new WeakRef(call);
  });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // V8's own, which has no type
  await new Promise(setImmediate); // until then V8 keeps what a WeakRef was made of
  collect();
  assert.deepEqual(
    ended.map((call) => call.deref()),
    [undefined, undefined, undefined],
  );
});

describe("the outcome of a call", () => {
  it("the first cancel stays", () => {
    const call = openCalls().begin();
    call.cancel("deadline", new ConnectError("late", Code.DeadlineExceeded));
    call.cancel("client", cancelled);
    assert.equal(
      call.fail(new Error("what the handler threw when it was aborted")).code,
      Code.DeadlineExceeded,
    );
  });

  it("an unknown error is hidden from the client and loud in the log", () => {
    const { begin, lines } = openCalls();
    const reason = new Error("secret");
    assert.equal(begin().fail(reason).rawMessage, "internal error, request id req-1");
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, (fields as { err: unknown }).err]),
      [["error", reason]],
    );
  });

  it("a listener that was taken back is not called", () => {
    const call = openCalls().begin();
    let called = 0;
    const forget = call.onCancel(() => called++);
    call.onCancel(() => called++);
    forget();
    call.cancel("client", cancelled);
    assert.equal(called, 1);
  });
});

describe("the record of a call", () => {
  it("is written once, when the call ends", () => {
    const { begin, records } = openCalls();
    const call = begin({ protocol: "connect", httpVersion: "1.1" });
    call.messagesIn = 1;
    call.messagesOut = 2;
    call.bytesIn = 3;
    call.bytesOut = 4;
    call.succeed();
    assert.equal(records.length, 0);
    call.end();
    call.end();
    const [record, ...others] = records;
    assert.equal(others.length, 0);
    assert.ok(record !== undefined && record.durationMs >= 0 && record.startedAt instanceof Date);
    const { startedAt: _, durationMs: __, ...rest } = record;
    assert.deepEqual(rest, {
      requestId: "req-1",
      service: "t.S",
      method: "Do",
      kind: "unknown",
      protocol: "connect",
      httpVersion: "1.1",
      code: "ok",
      error: "",
      messagesIn: 1,
      messagesOut: 2,
      bytesIn: 3,
      bytesOut: 4,
      peer: "127.0.0.1",
      subject: undefined,
      keyId: undefined,
      cancelledBy: undefined,
      abandoned: false,
    });
  });

  it("of a call that ends before it is settled says that the client cancelled it", () => {
    const { begin, records } = openCalls();
    begin().end();
    assert.deepEqual([records[0]?.code, records[0]?.cancelledBy], ["canceled", "client"]);
  });

  it("cuts a path that is no method's, however odd", () => {
    const { begin, records } = openCalls();
    for (const path of ["/", "/x", `/${"s".repeat(500)}/${"m".repeat(500)}`]) begin({ path }).end();
    assert.deepEqual(
      records.map(({ service, method }) => [service, method]),
      [
        ["", ""],
        ["", "x"],
        ["s".repeat(200), "m".repeat(200)],
      ],
    );
  });

  it("waits for a handler that ends late, and then does not call it abandoned", () => {
    const { begin, records } = openCalls();
    const call = begin();
    call.handlerRunning = true;
    call.end();
    assert.equal(records.length, 0);
    call.handlerDone();
    assert.deepEqual(
      records.map(({ abandoned }) => abandoned),
      [false],
    );
  });

  it("says abandoned of a handler that does not end", () => {
    const { calls, begin, records, lines } = openCalls();
    const call = begin();
    call.handlerRunning = true;
    call.end();
    calls.flush();
    call.handlerDone();
    assert.deepEqual(
      records.map(({ abandoned }) => abandoned),
      [true],
    );
    assert.equal(lines.filter(({ level }) => level === "warn").length, 1);
    assert.equal(calls.stats().abandoned, 1);
  });
});

describe("all calls", () => {
  it("are counted while they are open, and admitted ones apart", () => {
    const { calls, begin } = openCalls();
    const [one, other] = [begin(), begin()];
    one.admit();
    assert.deepEqual(calls.stats(), { open: 2, admitted: 1, ended: 0, abandoned: 0 });
    one.end();
    other.end();
    assert.deepEqual(calls.stats(), { open: 0, admitted: 0, ended: 2, abandoned: 0 });
  });

  it("whenIdle resolves when the last one ends, or when it has waited enough", async () => {
    const { calls, begin } = openCalls();
    await calls.whenIdle(new AbortController().signal);
    const call = begin();
    const idle = calls.whenIdle(new AbortController().signal);
    call.end();
    await idle;
    begin();
    await calls.whenIdle(AbortSignal.timeout(1));
    assert.equal(calls.stats().open, 1);
  });

  it("cancelAll ends every one of them with the reason", () => {
    const { calls, begin } = openCalls();
    const all = [begin(), begin()];
    calls.cancelAll(new ConnectError("shutting down", Code.Unavailable));
    assert.deepEqual(
      all.map(({ cancelledBy, error }) => [cancelledBy, error?.code]),
      [
        ["shutdown", Code.Unavailable],
        ["shutdown", Code.Unavailable],
      ],
    );
  });
});
