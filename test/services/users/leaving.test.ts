import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createChore } from "runrpc";
import { contextOf } from "runrpc/testing";
import { Severity } from "../../../gen/logs/v1/logs_pb.ts";
import { DeleteUserRequestSchema, UserService } from "../../../gen/users/v1/users_pb.ts";
import { rowsOfUser } from "../../../src/services/logs/row.ts";
import { createUserService } from "../../../src/services/users/service.ts";
import { addUser } from "../fixture.ts";
import { codeOf, openUserRig, type UserRig } from "./rig.ts";

const { method } = UserService;
let rig: UserRig;

before(async () => {
  rig = await openUserRig();
});

after(() => rig[Symbol.asyncDispose]());

test("a deleted user takes its keys, events, logs and messages along", async () => {
  const { queries, store } = rig.db;
  const platform = store.queries.runrpcKeys;
  const userId = await addUser(queries, "leaving");
  const at = new Date();
  await platform.createKey({
    keyId: "rr_leaving",
    hash: new Uint8Array(32),
    subject: userId,
    label: "",
    scopes: [],
    at,
    expireTime: null,
  });
  await queries.events.addEvent({ userId, type: "a", payload: null, at });
  const line = { time: at, severity: Severity.DEBUG, message: "m", attributes: null, size: 1 };
  await queries.logs.addLogs({ rows: rowsOfUser(userId, [line]) });
  await queries.chat.addMessage({ room: "r", userId, text: "t", at, callId: "c" });
  await rig.service.deleteUser(create(DeleteUserRequestSchema, { id: userId }), contextOf(method.deleteUser));
  assert.deepEqual(await platform.findKeys({ keyIds: ["rr_leaving"] }), []);
  assert.equal(await queries.events.lastEventId({ userId }), 0);
  const before = { time: new Date(8.64e15), id: Number.MAX_SAFE_INTEGER };
  const { rows } = await queries.logs.listLogs({
    userId,
    before,
    minSeverity: Severity.UNSPECIFIED,
    limit: 10,
    maxSize: 100,
  });
  assert.deepEqual(rows, []);
});

test("a user who owns much is gone at once; what it owned is removed step by step, and other writes go between", async () => {
  const { queries, store } = rig.db;
  const platform = store.queries.runrpcKeys;
  const userId = await addUser(queries, "much");
  const email = `${userId}@example.com`;
  await queries.users.updateUser({ id: userId, email, displayName: undefined, at: new Date() });
  const at = new Date();
  const line = { time: at, severity: Severity.DEBUG, message: "m".repeat(100), attributes: null, size: 100 };
  const lines = Array.from({ length: 1_000 }, () => line);
  for (let batch = 0; batch < 30; batch++) await queries.logs.addLogs({ rows: rowsOfUser(userId, lines) });
  const key = {
    keyId: "rr_much",
    hash: new Uint8Array(32),
    subject: userId,
    label: "",
    scopes: [],
    at,
    expireTime: null,
  };
  await platform.createKey(key);
  let leftovers = 0;
  const { deleteUser } = createUserService(queries.users, () => () => leftovers++);
  const request = create(DeleteUserRequestSchema, { id: userId });
  await deleteUser(request, contextOf(method.deleteUser));

  assert.equal(leftovers, 1);
  const again = async () => deleteUser(request, contextOf(method.deleteUser));
  assert.equal(await codeOf(again()), Code.NotFound);
  assert.equal(await codeOf(queries.users.getUser({ id: userId })), Code.NotFound);
  assert.equal(await queries.users.findUserByEmail({ email }), undefined);
  assert.deepEqual(await platform.findKeys({ keyIds: ["rr_much"] }), []);
  const change = { id: userId, email: undefined, displayName: "x", at };
  assert.equal(await codeOf(queries.users.updateUser(change)), Code.NotFound);
  assert.ok(!(await rig.listAll(500)).includes(userId));
  const heir = await rig.createUser(email);
  assert.notEqual(heir, userId);

  const before = store.stats().writes.calls;
  const removal = createChore((options) => queries.users.removeDeleted(undefined, options), {
    onError: (error) => assert.fail(String(error)),
  });
  let between = 0;
  const removed = removal.done().then(() => true);
  while (!(await Promise.race([removed, addUser(queries, "between")]).then((end) => end === true))) between++;
  await removal.close();
  const steps = store.stats().writes.calls - before - between;
  assert.ok(steps >= 5 && between >= 5, `${steps} steps, ${between} writes between them`);
  const position = { time: new Date(8.64e15), id: Number.MAX_SAFE_INTEGER };
  const left = { userId, before: position, minSeverity: Severity.UNSPECIFIED, limit: 10, maxSize: 100 };
  assert.deepEqual((await queries.logs.listLogs(left)).rows, []);
  assert.equal(await queries.users.removeDeleted(), false);
  assert.equal((await queries.users.getUser({ id: heir })).email, email);
});
