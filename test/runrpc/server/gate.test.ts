import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { createAuthenticator } from "../../../src/runrpc/server/auth/authenticate.ts";
import { createKey } from "../../../src/runrpc/server/auth/format.ts";
import type { StoredKey } from "../../../src/runrpc/server/auth/key-store.ts";
import type { Call } from "../../../src/runrpc/server/call/call.ts";
import { createGate } from "../../../src/runrpc/server/gate.ts";
import { silentLog } from "../../../src/runrpc/server/log.ts";
import type { Policy } from "../../../src/runrpc/server/routes/policy.ts";
import type { Route } from "../../../src/runrpc/server/routes/routes.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { openCalls } from "./call-fixture.ts";

const { key, keyId, hash } = createKey();

function routeWith(policy: Partial<Policy>): Route {
  const whole = {
    isPublic: false,
    scopes: [],
    defaultDeadlineMs: 0,
    maxDeadlineMs: 0,
    maxRequestBytes: 1,
    ...policy,
  };
  const method = UserService.method.getUser;
  const run = () => assert.fail("the gate runs no handler");
  const handler = { kind: "unary", run, start: run, whole: run, admit: run, bytes: undefined } as const;
  return {
    path: "/rig.users.v1.UserService/GetUser",
    service: method.parent.typeName,
    method,
    policy: whole,
    handler,
  };
}

function gateFor(scopes: readonly string[], maxConcurrentCalls = 10) {
  const stored: StoredKey = {
    keyId,
    hash,
    subject: "ada",
    scopes,
    expiresAt: undefined,
    revokedAt: undefined,
    loopbackOnly: false,
  };
  const keys = { find: async () => [stored], addUses: async () => {} };
  const options = {
    keyLeaseMs: 500,
    maxFailures: 10,
    failureDelayMs: 1000,
    production: false,
    log: silentLog,
  };
  const authenticator = createAuthenticator({ ...options, keys });
  const opened = openCalls();
  const gate = createGate({
    authenticator,
    maxConcurrentCalls,
    openCalls: () => opened.calls.stats().admitted,
  });
  return { ...opened, gate, authenticator };
}

async function codeOf(admitted: () => void | Promise<void>): Promise<Code | "admitted"> {
  try {
    await admitted();
    return "admitted";
  } catch (reason) {
    assert.ok(reason instanceof ConnectError, String(reason));
    return reason.code;
  }
}

describe("the gate", () => {
  const good = { "x-api-key": key };
  const table: readonly {
    readonly title: string;
    readonly policy?: Partial<Policy>;
    readonly scopes?: readonly string[];
    readonly headers?: Record<string, string>;
    readonly code: Code | "admitted";
  }[] = [
    { title: "a call without a key is refused", code: Code.Unauthenticated },
    { title: "a wrong key is refused", headers: { "x-api-key": "x" }, code: Code.Unauthenticated },
    { title: "a good key is let in", headers: good, code: "admitted" },
    { title: "a bearer token is let in", headers: { authorization: `Bearer ${key}` }, code: "admitted" },
    { title: "a public method needs no key", policy: { isPublic: true }, code: "admitted" },
    {
      title: "a wrong key is refused even where none is needed",
      policy: { isPublic: true },
      headers: { "x-api-key": "x" },
      code: Code.Unauthenticated,
    },
    {
      title: "a missing scope is refused",
      policy: { scopes: ["users.write"] },
      scopes: ["users.read"],
      headers: good,
      code: Code.PermissionDenied,
    },
    {
      title: "one of two scopes is not enough",
      policy: { scopes: ["users.read", "users.write"] },
      scopes: ["users.read"],
      headers: good,
      code: Code.PermissionDenied,
    },
    {
      title: "a wildcard covers a scope",
      policy: { scopes: ["users.write"] },
      scopes: ["users.*"],
      headers: good,
      code: "admitted",
    },
    {
      title: "a wildcard of another name does not",
      policy: { scopes: ["users.write"] },
      scopes: ["user.*", "users"],
      headers: good,
      code: Code.PermissionDenied,
    },
  ];
  for (const { title, policy = {}, scopes = [], headers = {}, code } of table) {
    it(title, async () => {
      const { gate, begin, authenticator } = gateFor(scopes);
      const call = begin({ route: routeWith(policy), headers });
      assert.equal(await codeOf(() => gate.admit(call)), code);
      assert.equal(call.admitted, code === "admitted");
      await authenticator.close();
    });
  }

  it("leaves the principal with the call, and answers without a promise once the key is known", async () => {
    const { gate, begin, authenticator } = gateFor(["*"]);
    const admit = (): [Call, void | Promise<void>] => {
      const call = begin({ route: routeWith({}), headers: good });
      return [call, gate.admit(call)];
    };
    await admit()[1];
    const [call, result] = admit();
    assert.equal(result, undefined);
    assert.deepEqual(call.principal, { subject: "ada", keyId, scopes: ["*"] });
    await authenticator.close();
  });

  it("refuses an unknown method, a malformed timeout, and everything once it is closed", async () => {
    const { gate, begin, authenticator } = gateFor(["*"]);
    const route = routeWith({});
    assert.equal(await codeOf(() => gate.admit(begin({}))), Code.Unimplemented);
    assert.equal(
      await codeOf(() => gate.admit(begin({ route, headers: good, timeoutMs: Number.NaN }))),
      Code.InvalidArgument,
    );
    gate.close();
    assert.equal(await codeOf(() => gate.admit(begin({ route, headers: good }))), Code.Unavailable);
    await authenticator.close();
  });

  it("refuses a call when there is no room, and lets one in when another has ended", async () => {
    const { gate, begin, authenticator } = gateFor([], 1);
    const open = () => begin({ route: routeWith({ isPublic: true }) });
    const first = open();
    await gate.admit(first);
    assert.equal(await codeOf(() => gate.admit(open())), Code.ResourceExhausted);
    first.end();
    assert.equal(await codeOf(() => gate.admit(open())), "admitted");
    await authenticator.close();
  });

  it("ties a call to its key once it is let in, and unties it once, when it has ended", async () => {
    const { authenticator } = gateFor(["*"]);
    const told: string[] = [];
    const { calls, begin } = openCalls();
    const gate = createGate({
      authenticator: {
        ...authenticator,
        hold(principal, cancel, call) {
          told.push("tied");
          const untie = authenticator.hold(principal, cancel, call);
          return () => {
            told.push("untied");
            untie();
          };
        },
      },
      maxConcurrentCalls: 10,
      maxConcurrentCallsPerKey: 1,
      openCalls: () => calls.stats().admitted,
    });
    const call = begin({ route: routeWith({}), headers: good });
    await gate.admit(call);
    assert.equal(
      await codeOf(() => gate.admit(begin({ route: routeWith({}), headers: good }))),
      Code.ResourceExhausted,
    );
    assert.deepEqual(told, ["tied"]);
    call.end();
    call.end();
    assert.deepEqual(told, ["tied", "untied"]);
    assert.equal(await codeOf(() => gate.admit(begin({ route: routeWith({}), headers: good }))), "admitted");
    await authenticator.close();
  });

  it("does not let in a call that ended while its key was looked up", async () => {
    const { gate, begin, authenticator } = gateFor(["*"]);
    const call = begin({ route: routeWith({}), headers: good });
    const admitted = gate.admit(call);
    call.end();
    assert.equal(await codeOf(() => admitted), Code.Canceled);
    assert.equal(call.admitted, false);
    await authenticator.close();
  });
});
