import assert from "node:assert/strict";
import { it } from "node:test";
import { createHostCheck } from "../../../src/runrpc/web/allowed-hosts.ts";

const isAllowed = createHostCheck(["api.example.com"]);

for (const host of [
  "localhost",
  "localhost:50051",
  "LOCALHOST:1",
  "app.localhost:80",
  "127.0.0.1:50051",
  "192.0.2.7",
  "[::1]:50051",
  "[2001:db8::7]",
  "api.example.com",
  "API.example.com:443",
])
  it(`${host} is taken`, () => assert.equal(isAllowed(host), true));

for (const host of [
  undefined,
  "",
  "evil.example",
  "evil.example:50051",
  "localhost.evil.example",
  "evillocalhost",
  "api.example.com.evil.example",
  "api.example.com:443:1",
  "api.example.com:",
  "127.0.0.1.evil.example",
  "[localhost]",
  "[api.example.com]",
  "user@localhost",
  "localhost/",
])
  it(`${host} is refused`, () => assert.equal(isAllowed(host), false));

for (const host of ["https://api.example.com", "api.example.com:443", "", "*", "a b"])
  it(`${JSON.stringify(host)} is no host to name`, () =>
    assert.throws(() => createHostCheck([host]), /web\.hosts names .* it takes host names/));
