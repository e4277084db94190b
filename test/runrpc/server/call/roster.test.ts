import assert from "node:assert/strict";
import { test } from "node:test";
import { type Member, Roster } from "../../../../src/runrpc/server/call/roster.ts";
import { createRandom } from "../lanes/differential/random.ts";

test("a roster holds what a set would, whatever the order of comings and goings", () => {
  const random = createRandom(9);
  const roster = new Roster<Member>();
  const model = new Set<Member>();
  const all: Member[] = Array.from({ length: 50 }, () => ({ place: -1 }));
  for (let step = 0; step < 5_000; step++) {
    const member = all[random.below(all.length)];
    if (member === undefined) continue;
    if (model.has(member)) {
      assert.equal(roster.delete(member), true);
      model.delete(member);
    } else {
      assert.equal(roster.delete(member), false);
      roster.add(member);
      model.add(member);
    }
    assert.equal(roster.size, model.size);
  }
  assert.deepEqual(new Set(roster), model);
});

test("members may leave while they are gone through", () => {
  const roster = new Roster<Member>();
  const all: Member[] = Array.from({ length: 10 }, () => ({ place: -1 }));
  for (const member of all) roster.add(member);
  let seen = 0;
  for (const member of roster) {
    roster.delete(member);
    seen++;
  }
  assert.deepEqual([seen, roster.size], [10, 0]);
});
