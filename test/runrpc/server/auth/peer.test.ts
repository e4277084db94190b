import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback, networkOf } from "../../../../src/runrpc/server/auth/peer.ts";

for (const [address, expected] of [
  ["127.0.0.1", true],
  ["127.255.3.4", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["128.0.0.1", false],
  ["10.0.0.1", false],
  ["::ffff:10.0.0.1", false],
  ["::2", false],
  ["127.0.0.1.example.com", false],
  ["127.", false],
  ["", false],
] as const) {
  test(`${JSON.stringify(address)} is ${expected ? "" : "not "}loopback`, () => {
    assert.equal(isLoopback(address), expected);
  });
}

for (const [address, expected] of [
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0db8::9", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["", ""],
] as const) {
  test(`${JSON.stringify(address)} is counted as ${JSON.stringify(expected)}`, () => {
    assert.equal(networkOf(address), expected);
  });
}
