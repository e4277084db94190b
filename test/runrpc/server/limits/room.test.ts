import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, type ConnectError } from "@connectrpc/connect";
import { Health } from "../../../../gen/grpc/health/v1/health_pb.ts";
import type { Principal } from "../../../../src/runrpc/server/auth/principal.ts";
import type { Call } from "../../../../src/runrpc/server/call/call.ts";
import { createRoom, type RoomOptions } from "../../../../src/runrpc/server/limits/room.ts";
import type { Route } from "../../../../src/runrpc/server/routes/routes.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { headWith } from "../call-fixture.ts";

const FULL = { code: Code.ResourceExhausted };
const ada: Principal = { subject: "ada", keyId: "rr_12345678", scopes: [] };

/** A call of a method; no more of it is looked at. */
const callOf = (method: Route["method"], isPublic = true): Call =>
  ({
    head: headWith({ route: { service: method.parent.typeName, method, policy: { isPublic } } as Route }),
  }) as Call;
const call = callOf(UserService.method.getUser, false);
const login = callOf(UserService.method.listUsers);
const stream = callOf(UserService.method.streamUsers);
const check = callOf(Health.method.check);

/** A room in which calls are counted as admitted when they enter, and as ended when they leave. */
function setUp(options: Partial<RoomOptions>) {
  let open = 0;
  const room = createRoom({ maxConcurrentCalls: 2, openCalls: () => open, ...options });
  return (one: Call, principal?: Principal): (() => void) => {
    const leave = room.enter(one, principal);
    open++;
    return () => {
      open--;
      leave?.();
    };
  };
}

/** How many calls a principal with limits of its own is let in with, at once. */
function letIn(own: Partial<Principal>, processes?: number): number {
  const room = createRoom({
    maxConcurrentCalls: 100,
    openCalls: () => 0,
    ...(processes === undefined ? {} : { processes }),
  });
  const principal: Principal = { ...ada, ...own };
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

test("exactly as many calls with a key are open as may be, and one that ends makes room for one", () => {
  const enter = setUp({});
  const leaves = [enter(call, ada), enter(call, ada)];
  assert.throws(() => enter(call, ada), FULL);
  leaves.pop()?.();
  enter(call, ada);
  assert.throws(() => enter(call, ada), FULL);
});

test("public calls, public streams and health checks take no room of calls with a key, before and after their end", () => {
  const enter = setUp({});
  const leaves = [
    enter(login),
    enter(login),
    enter(stream),
    enter(stream),
    enter(check),
    enter(check),
    enter(check),
  ];
  for (const full of [login, stream]) assert.throws(() => enter(full), FULL);
  const held = [enter(call, ada), enter(call, ada)];
  assert.throws(() => enter(call, ada), FULL);
  for (const leave of leaves) leave();
  assert.throws(() => enter(call, ada), FULL);
  for (const leave of held) leave();
  for (const free of [login, login, stream, stream]) enter(free);
  for (let count = 0; count < 2; count++) enter(call, ada);
  assert.throws(() => enter(call, ada), FULL);
});

test("a public call that its address may not make takes no room, and one that ends gives its address room again", () => {
  const enter = setUp({ maxConcurrentCallsPerAddress: 1 });
  const leave = enter(login);
  for (let count = 0; count < 5; count++)
    assert.throws(() => enter(login), /of the address 127\.0\.0\.1 are open/);
  leave();
  const again = enter(login);
  again();
  enter(stream);
});
