import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox } from "runrpc";
import { createRooms } from "../../../src/services/chat/rooms.ts";

interface Item {
  readonly text: string;
}

test("a room is gone when its last member has left", () => {
  const rooms = createRooms<Item>();
  const [one, two] = [createOutbox<Item>(1), createOutbox<Item>(1)];
  const leaves = [rooms.join("r", one), rooms.join("r", two)];
  assert.equal(rooms.size, 1);
  for (const leave of leaves) leave();
  for (const leave of leaves) leave();
  assert.equal(rooms.size, 0);
});

test("a member whose outbox overflows is out of the room at once", () => {
  const rooms = createRooms<Item>();
  const [sender, slow] = [createOutbox<Item>(1), createOutbox<Item>(1)];
  rooms.join("r", slow);
  for (const text of ["a", "b"]) rooms.pass("r", { text }, sender);
  assert.equal(slow.ended, true);
  assert.equal(rooms.size, 0);
});
