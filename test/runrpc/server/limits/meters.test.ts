import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { type CallLimit, createMeters } from "../../../../src/runrpc/server/limits/meters.ts";

const OFF: CallLimit = { perSecond: 0, burst: 0, maxConcurrent: 0 };

function setUp(maxCallers?: number) {
  let now = 5_000;
  const meters = createMeters({
    nameOf: (id) => `the key ${id}`,
    now: () => now,
    ...(maxCallers === undefined ? {} : { maxCallers }),
  });
  return {
    meters,
    pass: (ms: number) => {
      now += ms;
    },
    /** `in`, or what the refusal says. */
    try(id: string, limit: Partial<CallLimit>): string {
      try {
        meters.enter(id, { ...OFF, ...limit })();
        return "in";
      } catch (error) {
        assert.ok(error instanceof ConnectError && error.code === Code.ResourceExhausted);
        return error.rawMessage;
      }
    },
  };
}

for (const [perSecond, burst, atOnce, nextMs] of [
  [10, 0, 10, 100],
  [10, 3, 3, 100],
  [1, 0, 1, 1000],
  [3, 0, 3, 334],
  [7, 21, 21, 143],
  [1000, 1, 1, 1],
] as const)
  test(`${perSecond} a second with a burst of ${burst} are ${atOnce} at once and one each ${nextMs} ms`, () => {
    const { try: enter, pass } = setUp();
    const limit = { perSecond, burst };
    for (let call = 0; call < atOnce; call++) assert.equal(enter("a", limit), "in");
    const refused = `the key a makes more than ${perSecond} calls a second: try again in ${nextMs} ms`;
    assert.equal(enter("a", limit), refused);
    assert.equal(enter("b", limit), "in");
    pass(nextMs - 1);
    assert.match(enter("a", limit), /try again in 1 ms$/);
    pass(1);
    assert.equal(enter("a", limit), "in");
    assert.notEqual(enter("a", limit), "in");
    pass(60_000);
    for (let call = 0; call < atOnce; call++) assert.equal(enter("a", limit), "in");
    assert.notEqual(enter("a", limit), "in");
  });

test("so many calls may be open and no more, and one that ends makes room for one", () => {
  const { meters, try: enter } = setUp();
  const limit = { ...OFF, maxConcurrent: 2 };
  const [first, second] = [meters.enter("a", limit), meters.enter("a", limit)];
  assert.equal(enter("a", limit), "2 calls of the key a are open, the maximum of 2: try again later");
  assert.equal(enter("b", limit), "in");
  first();
  assert.equal(enter("a", limit), "in");
  second();
  assert.equal(meters.size, 0);
});

test("a call that is refused takes nothing", () => {
  const { meters, try: enter, pass } = setUp();
  const limit = { perSecond: 1, burst: 0, maxConcurrent: 1 };
  const leave = meters.enter("a", limit);
  for (let call = 0; call < 5; call++) assert.match(enter("a", limit), /are open/);
  pass(1000);
  leave();
  assert.equal(enter("a", limit), "in");
  for (let call = 0; call < 5; call++) assert.match(enter("a", limit), /try again in 1000 ms/);
});

test("a caller is forgotten when no call is open and the bucket is full, and not before", () => {
  const { meters, pass } = setUp();
  const limit = { perSecond: 10, burst: 0, maxConcurrent: 0 };
  const [first, second] = [meters.enter("a", limit), meters.enter("a", limit)];
  first();
  assert.equal(meters.size, 1);
  pass(199);
  second();
  assert.equal(meters.size, 1);
  const third = meters.enter("a", limit);
  pass(101);
  third();
  assert.equal(meters.size, 0);
});

test("the memory is bounded, and what is full goes before what is not", () => {
  const { meters, try: enter, pass } = setUp(4);
  const limit = { perSecond: 1, burst: 0 };
  enter("full", limit);
  pass(1000);
  for (const id of ["a", "b", "c", "d"]) enter(id, limit);
  assert.equal(meters.size, 4);
  for (const id of ["a", "b", "c", "d"]) assert.notEqual(enter(id, limit), "in", id);
});

test("who has open calls is never forgotten, however many others come", () => {
  const { meters, try: enter } = setUp(4);
  const limit = { perSecond: 0, burst: 0, maxConcurrent: 1 };
  const leaves = ["a", "b", "c", "d", "e", "f"].map((id) => meters.enter(id, limit));
  for (let other = 0; other < 100; other++) assert.equal(enter(`other ${other}`, { perSecond: 1 }), "in");
  for (const id of ["a", "b", "c", "d", "e", "f"]) assert.match(enter(id, limit), /are open/);
  assert.ok(meters.size <= 7, `${meters.size}`);
  for (const leave of leaves) leave();
  assert.ok(meters.size <= 1, `${meters.size}`);
});

test("among very many with open calls those without are found, so that the memory stays bounded", () => {
  const { meters, try: enter } = setUp(50);
  const limit = { perSecond: 0, burst: 0, maxConcurrent: 1 };
  for (let open = 0; open < 40; open++) meters.enter(`open ${open}`, limit);
  for (let other = 0; other < 1_000; other++) assert.equal(enter(`other ${other}`, { perSecond: 1 }), "in");
  assert.ok(meters.size <= 60, `${meters.size}`);
});

test("a flood of others does not fill the bucket of who made it, below their number", () => {
  const { try: enter } = setUp(100);
  const limit = { perSecond: 1, burst: 0 };
  enter("a", limit);
  for (let other = 0; other < 99; other++) enter(`other ${other}`, limit);
  assert.notEqual(enter("a", limit), "in");
});
