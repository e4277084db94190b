import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createWatchers } from "../../../src/runrpc/monitor/watchers.ts";

/** How many are kept at most. */
const MAX_WATCHERS = 100;

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const closed: number[] = [];
  let opened = 0;
  const watchers = createWatchers(() => {
    const number = ++opened;
    return { number, close: () => closed.push(number) };
  });
  return { watchers, closed, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test("a watcher has the same thing at each look, as long as it looks in time, and a new one after that", (t) => {
  const { watchers, closed, pass } = setUp(t);
  for (let look = 0; look < 5; look++) {
    assert.equal(watchers.of("ada", 1_000).number, 1);
    pass(999);
  }
  assert.deepEqual(closed, []);
  pass(1);
  assert.deepEqual(closed, [1]);
  assert.equal(watchers.of("ada", 1_000).number, 2);
});

test("of a watcher that has left nothing stays open, and its time is over without another close", (t) => {
  const { watchers, closed, pass } = setUp(t);
  watchers.of("ada", 1_000);
  watchers.of("bob", 5_000);
  watchers.leave("ada");
  watchers.leave("nobody");
  pass(2_000);
  assert.deepEqual(closed, [1]);
  watchers.close();
  pass(5_000);
  assert.deepEqual(closed, [1, 2]);
});

test("a hundred are kept, and with one more the one goes that has not looked for the longest", (t) => {
  const { watchers, closed } = setUp(t);
  for (let watcher = 1; watcher <= MAX_WATCHERS; watcher++) watchers.of(`${watcher}`, 1_000);
  assert.deepEqual(closed, []);
  watchers.of("1", 1_000);
  watchers.of("one more", 1_000);
  assert.deepEqual(closed, [2]);
  assert.equal(watchers.of("1", 1_000).number, 1);
});
