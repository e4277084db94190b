import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createOutbox } from "runrpc";
import { take } from "runrpc/testing";
import type { ChatResponse } from "../../../gen/chat/v1/chat_pb.ts";
import type { ChatQueries } from "../../../src/services/chat/queries.ts";
import { createRooms, type Rooms } from "../../../src/services/chat/rooms.ts";
import { addUser, openTestStore, type TestStore } from "../fixture.ts";

let db: TestStore;
let userId: string;

before(async () => {
  db = await openTestStore();
  userId = await addUser(db.queries);
});

after(() => db[Symbol.asyncDispose]());

function roomsOfProcess(): Rooms {
  return createRooms(db.queries.chat, db.wakeups);
}

function member(callId: string, maxItems = 1_000) {
  const outbox = createOutbox<ChatResponse>(maxItems);
  return { callId, outbox, items: outbox.items() };
}

function store(room: string, text: string, callId = "elsewhere"): Promise<number> {
  return db.queries.chat.addMessage({ room, userId, text, at: new Date(), callId });
}

test("a room is gone when its last member has left, whether or not it had been read", async () => {
  const rooms = roomsOfProcess();
  const places = [rooms.join("left", member("one")), rooms.join("left", member("two"))];
  assert.equal(rooms.size, 1);
  await places[0]?.entered;
  for (const { leave } of places) leave();
  for (const { leave } of places) leave();
  assert.deepEqual([rooms.size, db.wakeups.waiting], [0, 0]);
  const early = rooms.join("left", member("three"));
  early.leave();
  await assert.rejects(early.entered);
  assert.equal(rooms.size, 0);
});

test("a member hears what is stored from its entry on, by whatever process, in the order of the ids, and not itself", async () => {
  const rooms = roomsOfProcess();
  await store("order", "before");
  const [one, two] = [member("one"), member("two")];
  const places = [rooms.join("order", one), rooms.join("order", two)];
  for (const { entered } of places) await entered;
  // More than one reading of them.
  for (let index = 0; index < 120; index++)
    await store("order", `m${index}`, index % 3 === 0 ? "one" : "elsewhere");
  await store("other room", "no");
  rooms.notify("order");
  const texts = (await take(two.items, 120)).map(({ text }) => text);
  assert.deepEqual(
    texts,
    Array.from({ length: 120 }, (_, index) => `m${index}`),
  );
  const others = (await take(one.items, 80)).map(({ text }) => text);
  assert.deepEqual(
    others,
    texts.filter((_, index) => index % 3 !== 0),
  );
  for (const { leave } of places) leave();
});

test("a member whose outbox overflows is out of the room at once", async () => {
  const { chat } = db.queries;
  const hasRead = Promise.withResolvers<void>();
  const listMessages: ChatQueries["listMessages"] = async (...asked) => {
    const rows = await chat.listMessages(...asked);
    hasRead.resolve();
    return rows;
  };
  const rooms = createRooms({ ...chat, listMessages }, db.wakeups);
  const slow = member("slow", 1);
  await rooms.join("overflow", slow).entered;
  // Both of what comes are of one reading.
  await hasRead.promise;
  for (const text of ["a", "b"]) await store("overflow", text);
  rooms.notify("overflow");
  await assert.rejects(take(slow.items, 1), { code: 8 });
  assert.equal(rooms.size, 0);
});

test("a room that cannot be read ends the calls that are in it", async () => {
  const broken = new Error("no database");
  const queries = { ...db.queries.chat, listMessages: () => Promise.reject(broken) };
  const rooms = createRooms(queries, db.wakeups);
  const one = member("one");
  await rooms.join("broken", one).entered;
  await assert.rejects(take(one.items, 1), broken);
  assert.equal(rooms.size, 0);
});
