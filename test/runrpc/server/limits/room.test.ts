import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Principal } from "../../../../src/runrpc/server/auth/principal.ts";
import type { Call } from "../../../../src/runrpc/server/call/call.ts";
import { createRoom } from "../../../../src/runrpc/server/limits/room.ts";
import { headWith } from "../call-fixture.ts";

const call = { head: headWith({}) } as Call; // no more of it is looked at

/** How many calls a principal with limits of its own is let in with, at once. */
function letIn(own: Partial<Principal>, processes?: number): number {
  const room = createRoom({
    maxConcurrentCalls: 100,
    openCalls: () => 0,
    ...(processes === undefined ? {} : { processes }),
  });
  const principal: Principal = { subject: "ada", keyId: "rr_12345678", scopes: [], ...own };
  for (let calls = 0; ; calls++) {
    try {
      room.enter(call, principal);
    } catch (reason) {
      assert.equal((reason as ConnectError).code, Code.ResourceExhausted);
      return calls;
    }
  }
}

test("the limits that a key has of its own are shared by the processes, a part of open calls rounded up", () => {
  assert.deepEqual([letIn({ maxConcurrentCalls: 5 }), letIn({ maxConcurrentCalls: 5 }, 2)], [5, 3]);
  assert.deepEqual([letIn({ callsPerSecond: 8 }), letIn({ callsPerSecond: 8 }, 2)], [8, 4]);
  assert.equal(letIn({ maxConcurrentCalls: 1 }, 64), 1);
});
