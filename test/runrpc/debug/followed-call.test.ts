import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { heardPromise, isHeard } from "../../../src/runrpc/data/heard-promise.ts";
import type { Finding } from "../../../src/runrpc/debug/finding.ts";
import { FollowedCall } from "../../../src/runrpc/debug/followed-call.ts";
import { takeStack } from "../../../src/runrpc/debug/stack.ts";
import { openCalls } from "../server/call-fixture.ts";

/** Follows a call whose handler asks a query, and which ends before that turn is over. */
async function endAtOnce(handle: (query: Promise<unknown>) => Promise<void>): Promise<readonly string[]> {
  const found: Finding[] = [];
  const call = new FollowedCall(openCalls().begin(), {
    graceMs: 60_000,
    slowMs: 60_000,
    report: (finding) => void found.push(finding),
    onEnd() {},
  });
  const promise = heardPromise(Promise.resolve(), () => {});
  call.asked({
    name: "users.getUser",
    startedAtMs: performance.now(),
    endedAtMs: 0,
    ranMs: undefined,
    stack: takeStack(endAtOnce),
    isHeard: () => isHeard(promise),
  });
  const handled = handle(promise);
  call.ended();
  await handled;
  await turn();
  return found.map(({ kind }) => kind);
}

it("a query is awaited in a call that its client cancels in the same turn: a request and its cancel may come together", async () => {
  const awaited = async (query: Promise<unknown>): Promise<void> => {
    await query;
  };
  assert.deepEqual(await endAtOnce(awaited), []);
});

it("a query that nobody awaits is named, also then", async () => {
  assert.deepEqual(await endAtOnce(async () => {}), ["query_not_awaited"]);
});
