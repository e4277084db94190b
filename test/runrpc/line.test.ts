import assert from "node:assert/strict";
import { test } from "node:test";
import { type InLine, Line } from "../../src/runrpc/line.ts";
import { isCollected } from "../collect.ts";
import { createRandom } from "./server/lanes/differential/random.ts";

interface Item extends InLine {
  readonly name: number;
}

const itemOf = (name: number): Item => ({ name, place: -1 });
const namesOf = (items: Iterable<Item>): readonly number[] => Array.from(items, ({ name }) => name);

test("a line does what a Set does, whatever comes and leaves, in whatever order", () => {
  const random = createRandom(7);
  const line = new Line<Item>();
  const model = new Set<Item>();
  for (let step = 0; step < 20_000; step++) {
    // It grows, is held at its first while all behind it leave, and runs empty.
    const members = [...model];
    const isGrowing = Math.floor(step / 500) % 2 === 0;
    if (members.length === 0 || (members.length < 300 && random.below(10) < (isGrowing ? 7 : 3))) {
      const item = itemOf(step);
      line.add(item);
      model.add(item);
    } else {
      const place = random.below(4) === 0 ? 0 : random.below(members.length);
      const item = members[place] as Item; // below its length
      assert.equal(line.delete(item), true);
      assert.equal(line.delete(item), false, "it has left");
      model.delete(item);
    }
    assert.equal(line.size, model.size);
    assert.equal(line.first, model.values().next().value);
    if (step % 50 === 0) assert.deepEqual(namesOf(line), namesOf(model));
  }
  const last = line.takeAll();
  assert.deepEqual(namesOf(last), namesOf(model));
  assert.ok(last.length > 0 && last.every(({ place }) => place === -1));
  assert.deepEqual([line.size, line.first, namesOf(line)], [0, undefined, []]);
});

test("one that waits while thousands pass behind it takes no room for them", () => {
  const line = new Line<Item>();
  const first = itemOf(0);
  line.add(first);
  for (let name = 1; name <= 100_000; name++) {
    const item = itemOf(name);
    line.add(item);
    line.delete(item);
  }
  assert.ok(first.place < 64 && itemAtEnd(line).place < 64);
});

test("a line that was long and is empty takes no more room than a new one", () => {
  for (const empty of [
    (line: Line<Item>) => void line.takeAll(),
    (line: Line<Item>) => {
      for (const item of line) line.delete(item);
    },
  ]) {
    const line = new Line<Item>();
    for (let name = 0; name < 100_000; name++) line.add(itemOf(name));
    empty(line);
    // Places begin anew each time that its room is used up.
    line.add(itemOf(0));
    let places = 0;
    for (let name = 1; name <= 1_000; name++) {
      const item = itemOf(name);
      line.add(item);
      places = Math.max(places, item.place);
      line.delete(item);
    }
    assert.ok(places < 64, `${places}`);
  }
});

test("of those that were taken all at once a line keeps nothing", async () => {
  const line = new Line<Item>();
  const takeOne = (): WeakRef<Item> => {
    line.add(itemOf(1));
    const [item] = line.takeAll();
    return new WeakRef(item as Item); // it was added
  };
  const taken = takeOne();
  assert.equal(line.first, undefined);
  assert.ok(await isCollected(taken));
  assert.equal(line.size, 0);
});

test("members leave while they are given, and one of another line is none", () => {
  const line = new Line<Item>();
  const other = new Line<Item>();
  const items = Array.from({ length: 40 }, (_, name) => itemOf(name));
  for (const item of items) line.add(item);
  const stranger = itemOf(99);
  other.add(stranger);
  assert.equal(line.delete(stranger), false);
  assert.equal(line.delete(itemOf(1)), false);
  const given: number[] = [];
  for (const item of line) {
    given.push(item.name);
    line.delete(item);
  }
  assert.deepEqual(given, namesOf(items));
  assert.deepEqual([line.size, other.size], [0, 1]);
  assert.ok(items.every(({ place }) => place === -1));
});

function itemAtEnd(line: Line<Item>): Item {
  const item = itemOf(-1);
  line.add(item);
  return item;
}
