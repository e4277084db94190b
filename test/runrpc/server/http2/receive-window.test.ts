import assert from "node:assert/strict";
import { it } from "node:test";
import { ReceiveWindow } from "../../../../src/runrpc/server/http2/receive-window.ts";

it("a window is taken to its last byte, and given back when half of it is used", () => {
  const window = new ReceiveWindow(20_000);
  assert.equal(window.take(45_535), true); // it begins with the 65,535 of every connection
  assert.equal(window.grow(), 0);
  assert.equal(window.take(9_999), true);
  assert.equal(window.grow(), 0);
  assert.equal(window.take(1), true);
  assert.equal(window.grow(), 10_000);
  assert.equal(window.take(9_999), true);
  assert.equal(window.grow(), 0);
  assert.equal(window.take(10_001), true);
  assert.equal(window.grow(), 20_000);
  assert.equal(window.take(20_001), false);
});
