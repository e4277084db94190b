import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { credentialFromHeaders, hasSeveral } from "../../../../src/runrpc/server/auth/credential.ts";

const cases: [title: string, headers: IncomingHttpHeaders, expected: string][] = [
  ["no header: no key", {}, "none"],
  ["x-api-key", { "x-api-key": "K" }, "key K"],
  ["authorization", { authorization: "Bearer K" }, "key K"],
  ["the scheme in lower case", { authorization: "bearer K" }, "key K"],
  ["the scheme in upper case", { authorization: "BEARER K" }, "key K"],
  ["more than one space", { authorization: "Bearer   K " }, "key K"],
  ["both, the same", { "x-api-key": "K", authorization: "Bearer K" }, "key K"],
  ["both, different", { "x-api-key": "K", authorization: "Bearer L" }, "bad"],
  ["an empty x-api-key beside a token", { "x-api-key": "", authorization: "Bearer L" }, "bad"],
  ["an empty x-api-key is an empty key, not none", { "x-api-key": "" }, "key "],
  ["x-api-key twice", { "x-api-key": ["K", "K"] }, "bad"],
  ["x-api-key twice, joined", { "x-api-key": "K, K" }, "bad"],
  ["authorization twice, joined", { authorization: "Bearer K, Bearer K" }, "bad"],
  ["authorization twice, once without a scheme", { authorization: "Bearer K, K" }, "bad"],
  ["another scheme", { authorization: "Basic K" }, "bad"],
  ["no scheme", { authorization: "K" }, "bad"],
  ["a scheme alone", { authorization: "Bearer" }, "bad"],
  ["an empty authorization", { authorization: "" }, "bad"],
  ["another scheme beside x-api-key", { "x-api-key": "K", authorization: "Basic K" }, "bad"],
];

for (const [title, headers, expected] of cases) {
  test(`credential: ${title}`, () => {
    const found = credentialFromHeaders(headers);
    assert.equal(found.kind === "key" ? `key ${found.key}` : found.kind, expected);
  });
}

test("a long authorization header is read once, whatever follows its comma", { timeout: 60_000 }, () => {
  const blank = " ".repeat(4_000_000); // read again from each of them, it would take hours
  assert.equal(hasSeveral(`Digest a="b",${blank}=`), false);
  assert.equal(hasSeveral(`Bearer a,${blank}`), true);
  assert.equal(hasSeveral(`Bearer a,${blank}Bearer b`), true);
});
