import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, it } from "node:test";
import { canonicalAddress, clientBehind, isForwarded } from "../../../../src/runrpc/server/http/forwarded.ts";
import { createTrustedProxies } from "../../../../src/runrpc/server/http/trusted-proxies.ts";

const PROXY = "10.0.0.1";
const isTrusted = createTrustedProxies(["10.0.0.0/8", "fd00::/8"]);

function client(headers: IncomingHttpHeaders): string {
  return clientBehind(PROXY, headers, isTrusted);
}

describe("the client behind a trusted proxy", () => {
  const lists: readonly (readonly [list: string, expected: string])[] = [
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7:4711", "192.0.2.7"],
    ["203.0.113.9, 192.0.2.7", "192.0.2.7"],
    ["203.0.113.9,192.0.2.7 , 10.0.0.2,10.0.0.3", "192.0.2.7"],
    ["10.9.9.9, 10.0.0.2", "10.9.9.9"],
    ["192.0.2.7, , ", "192.0.2.7"],
    ["2001:DB8:0::7", "2001:db8::7"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["192.0.2.7, ::ffff:10.0.0.2, fd00::1", "192.0.2.7"],
    ["192.0.2.7, unknown", PROXY],
    ["192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"],
    ["192.0.2.7, _hidden", PROXY],
    ["192.0.2.7, 256.1.1.1", PROXY],
    ["192.0.2.7, fe80::1%eth0", PROXY],
    ["192.0.2.7, [192.0.2.8]", PROXY],
    ["192.0.2.7, 192.0.2.8:999999", PROXY],
    ["192.0.2.7, 192.0.2.8 10.0.0.2", PROXY],
    [`192.0.2.7, "10.0.0.2`, PROXY],
    [`open " quote, 192.0.2.7`, "192.0.2.7"],
    ["", PROXY],
    [`${"9".repeat(9_000)}, 192.0.2.7`, "192.0.2.7"],
    [`192.0.2.7, ${"9".repeat(9_000)}`, PROXY],
  ];
  for (const [list, expected] of lists) {
    it(`is ${expected} by x-forwarded-for: ${list.slice(0, 60)}`, () => {
      assert.equal(client({ "x-forwarded-for": list }), expected);
    });
  }

  const elements: readonly (readonly [forwarded: string, expected: string])[] = [
    ["for=192.0.2.7", "192.0.2.7"],
    ["For=192.0.2.7;proto=http;by=203.0.113.43", "192.0.2.7"],
    ['proto=https; FOR="192.0.2.7:4711"', "192.0.2.7"],
    ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ['for="[2001:db8:cafe::17]"', "2001:db8:cafe::17"],
    ["for=203.0.113.9, for=192.0.2.7, for=10.0.0.2", "192.0.2.7"],
    ['for=203.0.113.9,for="192.0.2.7:_port"', "192.0.2.7"],
    ["for=192.0.2.7, for=unknown", PROXY],
    ["for=192.0.2.7, for=_SEVKISEK", PROXY],
    ["for=192.0.2.7, by=10.0.0.2", PROXY],
    ["for=192.0.2.7;for=192.0.2.8", PROXY],
    ["for=192.0.2.7=1", PROXY],
    ["for", PROXY],
    ['for=203.0.113.9;host="a, for=203.0.113.8", for=192.0.2.7', "192.0.2.7"],
    ['for=203.0.113.9;host="a, for=192.0.2.7', "192.0.2.7"],
    ['for=192.0.2.7;host="a;for=203.0.113.9;b"', "192.0.2.7"],
    ['host="a;for=203.0.113.9;b"', PROXY],
    ['for=192.0.2.7;host="a;for=203.0.113.9', PROXY],
    ["", PROXY],
  ];
  for (const [forwarded, expected] of elements) {
    it(`is ${expected} by forwarded: ${forwarded}`, () => {
      assert.equal(client({ forwarded }), expected);
    });
  }

  it("is the proxy where the two headers name different clients: the client may have sent one of them", () => {
    assert.equal(client({ "x-forwarded-for": "192.0.2.7", forwarded: "for=192.0.2.7" }), "192.0.2.7");
    assert.equal(client({ "x-forwarded-for": "192.0.2.7", forwarded: "for=192.0.2.8" }), PROXY);
  });

  it("is looked for among the 32 nearest hops", () => {
    const chain = (hops: number) => ["192.0.2.7", ...Array<string>(hops).fill("10.0.0.2")].join(", ");
    assert.equal(client({ "x-forwarded-for": chain(31) }), "192.0.2.7");
    assert.equal(client({ "x-forwarded-for": chain(32) }), "10.0.0.2");
  });

  it("is found in linear time, whatever the header holds", () => {
    const startedAt = process.cpuUsage();
    for (const text of [",".repeat(16_000), '"'.repeat(16_000), "for=;".repeat(3_200), "1.".repeat(8_000)])
      for (let turn = 0; turn < 20; turn++) client({ "x-forwarded-for": text, forwarded: text });
    const { user } = process.cpuUsage(startedAt);
    assert.ok(user < 2_000_000, `${user} µs for 80 headers of 16 KB`);
  });
});

describe("trusted proxies", () => {
  const table: readonly (readonly [entries: string[], address: string, isTrusted: boolean])[] = [
    [["192.0.2.0/24"], "192.0.2.255", true],
    [["192.0.2.0/24"], "192.0.3.0", false],
    [["192.0.2.7"], "192.0.2.7", true],
    [["192.0.2.7"], "192.0.2.8", false],
    [["0.0.0.0/0"], "203.0.113.9", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["::/0"], "2001:db8::1", true],
    [["2001:db8::/32"], "2001:db8:ffff::1", true],
    [["2001:db8::/32"], "2001:db9::1", false],
    [["::ffff:10.0.0.0/104"], "10.255.0.1", true],
    [["::ffff:10.0.0.0/104"], "11.0.0.1", false],
    [["::ffff:10.0.0.1"], "10.0.0.1", true],
    [["fe80::/10"], "fe80::1%eth0", true],
    [[" 10.0.0.0/8 ", "unix"], "unix", true],
    [["10.0.0.0/8"], "unix", false],
    [["unix"], "10.0.0.1", false],
    [[], "127.0.0.1", false],
    [["10.0.0.0/8"], "", false],
  ];
  for (const [entries, address, expected] of table) {
    it(`[${entries}] ${expected ? "holds" : "does not hold"} ${JSON.stringify(address)}`, () => {
      assert.equal(createTrustedProxies(entries)(address), expected);
    });
  }

  for (const entry of [
    "10.0.0.0/33",
    "::/129",
    "::ffff:10.0.0.0/95",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0/8",
  ]) {
    it(`refuses ${entry}, and names it`, () => {
      assert.throws(
        () => createTrustedProxies(["10.0.0.0/8", entry]),
        new RegExp(`trusted_proxies: "${entry}"`),
      );
    });
  }
  for (const entry of ["", "localhost", "10.0.0.0/-1", "10.0.0.0/8.5", "fe80::1%eth0", "*"]) {
    it(`refuses ${JSON.stringify(entry)}`, () => {
      assert.throws(() => createTrustedProxies([entry]), /trusted_proxies/);
    });
  }
});

describe("a request is forwarded", () => {
  for (const name of [
    ...["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-host", "x-forwarded-proto"],
    ...["x-forwarded", "forwarded-for", "cf-connecting-ip", "cf-ray", "true-client-ip", "x-client-ip"],
    ...["x-cluster-client-ip", "fastly-client-ip", "fly-client-ip", "x-envoy-external-address"],
    ...[
      "x-original-forwarded-for",
      "x-azure-clientip",
      "x-azure-socketip",
      "x-appengine-user-ip",
      "cdn-loop",
    ],
    ...["x-remote-addr", "x-remote-ip", "wl-proxy-client-ip", "x-real-addr"],
  ]) {
    it(`when ${name} is there, empty too`, () => assert.equal(isForwarded({ [name]: "" }), true));
  }
  it("not by the headers that clients send", () => {
    const names = ["host", ":authority", "user-agent", "te", "content-type", "grpc-timeout", "x-request-id"];
    const more = [
      "x-api-key",
      "authorization",
      "origin",
      "accept",
      "traceparent",
      "x-grpc-web",
      "x-user-agent",
    ];
    assert.equal(isForwarded(Object.fromEntries([...names, ...more].map((name) => [name, "a"]))), false);
  });
});

it("addresses are compared in one spelling", () => {
  assert.deepEqual(
    ["2001:0DB8::0:7", "::ffff:c000:207", "192.0.2.7", "fe80::1%1", "x", ""].map(canonicalAddress),
    ["2001:db8::7", "192.0.2.7", "192.0.2.7", undefined, undefined, undefined],
  );
});
