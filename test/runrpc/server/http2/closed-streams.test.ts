import assert from "node:assert/strict";
import { it } from "node:test";
import { ClosedStreams } from "../../../../src/runrpc/server/http2/closed-streams.ts";

for (const [announced, remembered] of [
  [1, 64],
  [32, 64],
  [33, 66],
  [100, 200],
  [2_048, 4_096],
  [100_000, 4_096],
] as const)
  it(`of a connection with ${announced} streams the last ${remembered} resets are remembered`, () => {
    const closed = new ClosedStreams(announced);
    assert.equal(closed.wasReset(1), false);
    for (let index = 0; index < remembered; index++) closed.addReset(2 * index + 1);
    assert.equal(closed.wasReset(1), true);
    closed.addReset(2 * remembered + 1);
    assert.equal(closed.wasReset(1), false);
    assert.equal(closed.wasReset(3), true);
    assert.equal(closed.wasReset(2 * remembered + 1), true);
  });

it("the last sixteen streams that have ended are remembered", () => {
  const closed = new ClosedStreams(100);
  for (let index = 0; index < 16; index++) closed.addEnded(2 * index + 1);
  assert.equal(closed.hasEnded(1), true);
  closed.addEnded(33);
  assert.equal(closed.hasEnded(1), false);
  assert.equal(closed.hasEnded(3), true);
});
