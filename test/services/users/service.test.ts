import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { collect, contextOf, take } from "runrpc/testing";
import {
  DeleteUserRequestSchema,
  GetUserRequestSchema,
  ListUsersRequestSchema,
  StreamUsersRequestSchema,
  UpdateUserRequestSchema,
  UserService,
} from "../../../gen/users/v1/users_pb.ts";
import { addUser } from "../fixture.ts";
import { codeOf, openUserRig, type UserRig } from "./rig.ts";

const { method } = UserService;
let rig: UserRig;
let db: UserRig["db"];
let service: UserRig["service"];
let createUser: UserRig["createUser"];
let listAll: UserRig["listAll"];

before(async () => {
  rig = await openUserRig();
  ({ db, service, createUser, listAll } = rig);
});

after(() => rig[Symbol.asyncDispose]());

async function streamAll(limit: number): Promise<string[]> {
  const request = create(StreamUsersRequestSchema, { limit });
  const responses = await collect(service.streamUsers(request, contextOf(method.streamUsers)));
  return responses.map(({ user }) => user?.id ?? "");
}

test("a user that was created is returned by GetUser as it was given", async () => {
  const id = await createUser("Ada.Lovelace@Example.com");
  const request = create(GetUserRequestSchema, { id });
  const { user } = await service.getUser(request, contextOf(method.getUser));
  assert.equal(user?.email, "Ada.Lovelace@Example.com");
  assert.equal(user?.displayName, "Ada");
  assert.deepEqual(user?.createTime, user?.updateTime);
});

test("an email that differs in case only is ALREADY_EXISTS", async () => {
  await createUser("grace@example.com");
  assert.equal(await codeOf(createUser("GRACE@example.com")), Code.AlreadyExists);
});

test("a user that does not exist is NOT_FOUND for get, update and delete", async () => {
  const id = randomUUID();
  const context = contextOf(method.getUser);
  const works = [
    async () => service.getUser(create(GetUserRequestSchema, { id }), context),
    async () => service.updateUser(create(UpdateUserRequestSchema, { id, displayName: "x" }), context),
    async () => service.updateUser(create(UpdateUserRequestSchema, { id }), context),
    async () => service.deleteUser(create(DeleteUserRequestSchema, { id }), context),
  ];
  for (const work of works) assert.equal(await codeOf(work()), Code.NotFound);
});

const updates = [
  {
    title: "an empty mask changes every field that is set",
    request: { displayName: "B" },
    expected: ["same", "B"],
  },
  {
    title: "a mask changes what it names alone",
    request: { email: "other@example.com", displayName: "B", updateMask: { paths: ["display_name"] } },
    expected: ["same", "B"],
  },
  {
    title: "a mask with an unknown path is INVALID_ARGUMENT",
    request: { displayName: "B", updateMask: { paths: ["nick_name"] } },
    expected: Code.InvalidArgument,
  },
  {
    title: "a mask that names an inherited property is INVALID_ARGUMENT",
    request: { displayName: "B", updateMask: { paths: ["constructor"] } },
    expected: Code.InvalidArgument,
  },
  {
    title: "a mask that names an empty field is INVALID_ARGUMENT",
    request: { updateMask: { paths: ["email"] } },
    expected: Code.InvalidArgument,
  },
  {
    title: "an email that another user has is ALREADY_EXISTS",
    request: { email: "Taken@example.com" },
    expected: Code.AlreadyExists,
  },
] as const;

for (const [index, { title, request, expected }] of updates.entries()) {
  test(title, async () => {
    if (index === 0) await createUser("taken@example.com");
    const email = `update${index}@example.com`;
    const id = await createUser(email);
    const { updateMask, ...fields } = { updateMask: undefined, ...request };
    const message = create(UpdateUserRequestSchema, { id, ...fields });
    if (updateMask !== undefined) {
      message.updateMask = { $typeName: "google.protobuf.FieldMask", paths: [...updateMask.paths] };
    }
    const work = Promise.resolve().then(() => service.updateUser(message, contextOf(method.updateUser)));
    if (typeof expected === "number") {
      assert.equal(await codeOf(work), expected);
      return;
    }
    const { user } = await work;
    assert.deepEqual([user?.email === email ? "same" : user?.email, user?.displayName], expected);
  });
}

test("a user keeps an email whose case it changes", async () => {
  const id = await createUser("case@example.com");
  const request = create(UpdateUserRequestSchema, { id, email: "Case@example.com" });
  const { user } = await service.updateUser(request, contextOf(method.updateUser));
  assert.equal(user?.email, "Case@example.com");
});

test("all pages together are what StreamUsers sends, across the pages of its own reading", async () => {
  await Promise.all(Array.from({ length: 1_203 }, (_, index) => addUser(db.queries, `bulk${index}`)));
  const streamed = await streamAll(0);
  assert.ok(streamed.length > 1_203);
  assert.deepEqual(await listAll(97), streamed);
  assert.deepEqual(await listAll(1_000), streamed);
  assert.deepEqual(await streamAll(501), streamed.slice(0, 501));
  assert.deepEqual(await streamAll(500), streamed.slice(0, 500));
});

test("a user deleted between two pages is neither repeated nor missed", async () => {
  const all = await listAll(500);
  const list = async (pageToken: string) =>
    service.listUsers(
      create(ListUsersRequestSchema, { pageSize: 10, pageToken }),
      contextOf(method.listUsers),
    );
  const { nextPageToken = "" } = await list("");
  await db.queries.users.deleteUser({ id: all[9] ?? "" });
  const { users } = await list(nextPageToken);
  assert.deepEqual(
    users?.map(({ id }) => id),
    all.slice(10, 20),
  );
});

for (const pageToken of ["x", "dXNlcnM6MTo", "bG9nczoxOjE6Mg", "dXNlcnM6Mjo1"]) {
  test(`the page token ${pageToken} is INVALID_ARGUMENT`, async () => {
    const request = create(ListUsersRequestSchema, { pageToken });
    const work = Promise.resolve().then(() => service.listUsers(request, contextOf(method.listUsers)));
    await assert.rejects(work, (error) => error instanceof ConnectError && error.message.includes(pageToken));
    assert.equal(await codeOf(work), Code.InvalidArgument);
  });
}

test("a caller who leaves StreamUsers stops its reading", async () => {
  const before = db.store.stats().reads.calls;
  const request = create(StreamUsersRequestSchema, {});
  const stream = service.streamUsers(request, contextOf(method.streamUsers))[Symbol.asyncIterator]();
  await take(stream, 3);
  await stream.return?.();
  assert.equal(db.store.stats().reads.calls - before, 1);
});

test("a cancelled StreamUsers ends with the reason of its signal", async () => {
  const cancel = new AbortController();
  const context = contextOf(method.streamUsers, { signal: cancel.signal });
  const stream = service.streamUsers(create(StreamUsersRequestSchema, {}), context)[Symbol.asyncIterator]();
  await take(stream, 2);
  const reason = new ConnectError("gone", Code.Canceled);
  cancel.abort(reason);
  await assert.rejects(stream.next(), reason);
});
