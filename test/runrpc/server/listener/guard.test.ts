import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuard } from "../../../../src/runrpc/server/listener/guard.ts";

const guard = createGuard(100, 2);

test("hosts as people use them pass", () => {
  for (const authority of [
    "localhost",
    "a.b:1",
    "my_service:50051",
    "[::1]:80",
    "127.0.0.1",
    "xn--bcher-kva.example",
  ]) {
    assert.equal(guard.target(authority, "/"), undefined, authority);
  }
});

test("all that passes can be made into a URL", () => {
  const odd = [
    "",
    "[",
    "]",
    ":",
    "%",
    "\\",
    "/",
    "?",
    "#",
    "@",
    " ",
    "\t",
    "\n",
    "\0",
    "\x7f",
    "é",
    "..",
    "xn--",
    "1.2.3.256",
  ];
  const pieces = [...odd, "a", "1", "/a", "a:65536", "[::1]", "[::1%25eth0]", "0x.1", "a:b"];
  let passed = 0;
  for (const first of pieces) {
    for (const second of pieces) {
      for (const authority of [first + second, `a${first}${second}`]) {
        for (const path of ["/", `/${first}`, `/${first}${second}`, second]) {
          if (guard.target(authority, path) !== undefined) continue;
          passed++;
          const url = new URL(path, `http://${authority}`);
          assert.equal(url.origin, new URL(`http://${authority}/`).origin, `${authority} ${path}`);
        }
      }
    }
  }
  assert.ok(passed > 100);
});

test("a good authority does not let a broken one or a broken path pass after it", () => {
  assert.equal(guard.target("a", "/"), undefined);
  assert.equal(guard.target("[", "/")?.status, 400);
  assert.equal(guard.target("", "/")?.status, 400);
  assert.equal(guard.target(undefined, "/")?.status, 400);
  assert.equal(guard.target("a", "*")?.status, 400);
  assert.equal(guard.target("a", undefined)?.status, 400);
  assert.equal(guard.target("a", "//b")?.status, 400);
});

test("each pair of an HTTP/2 header list counts 32 bytes more than its characters", () => {
  assert.equal(guard.headerList(["a".repeat(34), "a".repeat(34)]), undefined);
  assert.deepEqual(guard.headerList(["a".repeat(34), "a".repeat(35)]), {
    status: 431,
    text: "request headers of 101 bytes are above the maximum of 100",
  });
  assert.equal(guard.headerList(["a", "", "b", "", "c", ""])?.status, 431);
});
