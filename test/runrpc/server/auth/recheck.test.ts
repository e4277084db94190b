import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallerHead } from "../../../../src/runrpc/server/auth/identity.ts";
import type { Principal } from "../../../../src/runrpc/server/auth/principal.ts";
import { createRechecks, type RecheckOptions } from "../../../../src/runrpc/server/auth/recheck.ts";
import { silentLog } from "../../../../src/runrpc/server/log.ts";
import { isCollected } from "../../../collect.ts";
import { listLog } from "./memory-store.ts";

const ada: Principal = { subject: "ada", keyId: "t-1", scopes: [] };
const head: CallerHead = { headers: {}, peer: "192.0.2.7", route: undefined, requestId: "r-1" };

function setUp(identify: RecheckOptions["identify"], options: Partial<RecheckOptions> = {}) {
  const rechecks = createRechecks({ identify, recheckIntervalMs: 50, log: silentLog, ...options });
  return {
    rechecks,
    /** A call that is held; resolves with the reason when it is ended. */
    held(principal = ada) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const release = rechecks.hold(principal, head, (reason) => resolve(reason.message));
      return { ended: promise, release };
    },
  };
}

/** A function that is asked, and lets a test wait until it has been asked so often. */
function counted<T>(answer: (count: number) => T) {
  let count = 0;
  const waiting = new Map<number, () => void>();
  return {
    ask: () => {
      count++;
      waiting.get(count)?.();
      return answer(count);
    },
    reached: (wanted: number) =>
      count >= wanted ? undefined : new Promise<void>((resolve) => waiting.set(wanted, resolve)),
    get count() {
      return count;
    },
  };
}

for (const [title, answer, expected] of [
  ["is not known any more", () => undefined, "[unauthenticated] the caller is not known any more"],
  [
    "is somebody else",
    () => ({ ...ada, subject: "bob" }),
    "[unauthenticated] the credentials are another user's now",
  ],
  [
    "is refused",
    () => {
      throw new ConnectError("revoked", Code.Unauthenticated);
    },
    "[unauthenticated] revoked",
  ],
  [
    "may not call any more",
    () => Promise.reject(new ConnectError("blocked", Code.PermissionDenied)),
    "[permission_denied] blocked",
  ],
  [
    "has credentials that expire by now",
    () => ({ ...ada, expiresAt: new Date(1) }),
    "[unauthenticated] the credentials expired at 1970-01-01T00:00:00.001Z",
  ],
] as const)
  test(`an open call ends when its caller ${title}`, async () => {
    const { held } = setUp(answer);
    assert.equal(await held().ended, expected);
  });

test("an open call stays while the application cannot tell, which is logged once, and ends when it can", async () => {
  const log = listLog();
  const asked = counted((count) => {
    if (count <= 3) throw count === 2 ? new ConnectError("busy", Code.Unavailable) : new Error("no database");
    if (count <= 5) return ada;
    return undefined;
  });
  const { held } = setUp(asked.ask, { log });
  assert.match(await held().ended, /not known/);
  assert.equal(asked.count, 6);
  assert.deepEqual(log.lines, [
    "error: callers of open calls cannot be checked: their calls stay",
    "info: callers of open calls can be checked again",
  ]);
});

test("each time that the application cannot tell is logged once, and its end", async () => {
  const log = listLog();
  const { ask } = counted((count) => {
    if (count === 1 || count === 3) throw new Error("no database");
    return count === 5 ? undefined : ada;
  });
  const { held } = setUp(ask, { log });
  assert.match(await held().ended, /not known/);
  const told = [
    "error: callers of open calls cannot be checked: their calls stay",
    "info: callers of open calls can be checked again",
  ];
  assert.deepEqual(log.lines, [...told, ...told]);
});

test("a call that has ended is not asked about, and the timer stops with the last one", async () => {
  const asked = counted(() => ada);
  const { held } = setUp(asked.ask);
  const [first, second] = [held(), held()];
  first.release();
  await asked.reached(2);
  second.release();
  const other = held();
  other.release();
  const { count } = asked;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(asked.count <= count + 1, `${asked.count - count} questions about nobody`);
});

test("at most sixteen questions are under way, and all calls are asked about", async () => {
  let open = 0;
  let most = 0;
  const asked = counted(async () => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setImmediate(resolve));
    open--;
    return ada;
  });
  const { held, rechecks } = setUp(asked.ask);
  for (let call = 0; call < 100; call++) held();
  await asked.reached(100);
  rechecks.close();
  assert.equal(most, 16);
});

test("the event loop turns while very many calls are checked", async () => {
  const asked = counted(() => {
    const until = performance.now() + 1;
    while (performance.now() < until);
    return ada;
  });
  const { held, rechecks } = setUp(asked.ask);
  for (let call = 0; call < 300; call++) held();
  await asked.reached(1);
  let turns = 0;
  while (asked.count < 300) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  rechecks.close();
  assert.ok(turns >= 3, `${turns} turns in 300 ms of checks`);
});

test("an expiry ends its call at its time and no other, however far others are", async () => {
  const { held, rechecks } = setUp(() => ada, { recheckIntervalMs: 3_600_000 });
  const at = new Date(Date.now() + 80);
  const far = held({ ...ada, expiresAt: new Date(Date.now() + 400 * 86_400_000) });
  const gone = held({ ...ada, expiresAt: at });
  gone.release();
  const reason = await held({ ...ada, expiresAt: at }).ended;
  assert.ok(Date.now() >= at.getTime());
  assert.equal(reason, `[unauthenticated] the credentials expired at ${at.toISOString()}`);
  const state = await Promise.race([far.ended, gone.ended, Promise.resolve("open")]);
  assert.equal(state, "open");
  rechecks.close();
});

test("of a call that has ended nothing is kept until its expiry", async () => {
  const { rechecks } = setUp(() => ada, { recheckIntervalMs: 3_600_000 });
  const holdAndRelease = (): WeakRef<object> => {
    const cancel = (): void => {};
    rechecks.hold({ ...ada, expiresAt: new Date(Date.now() + 86_400_000) }, head, cancel)();
    return new WeakRef(cancel);
  };
  assert.ok(await isCollected(holdAndRelease()));
  rechecks.close();
});

test("credentials that expire no more, when the application is asked again, end nothing at their old expiry", async () => {
  const { held, rechecks } = setUp(() => ada);
  const expiresAt = new Date(Date.now() + 400);
  const { ended } = held({ ...ada, expiresAt });
  const later = new Promise((resolve) => setTimeout(resolve, 450, "open"));
  assert.equal(await Promise.race([ended, later]), "open");
  rechecks.close();
});

test("a cancel that throws is logged, and the others are ended", async () => {
  const log = listLog();
  const { held, rechecks } = setUp(() => undefined, { log });
  rechecks.hold(ada, head, () => {
    throw new Error("no");
  });
  await held().ended;
  assert.deepEqual(log.lines, ["error: an open call could not be ended with its credentials"]);
});
