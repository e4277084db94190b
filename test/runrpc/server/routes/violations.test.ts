import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPath } from "@bufbuild/protobuf/reflect";
import { Violation } from "@bufbuild/protovalidate";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code } from "@connectrpc/connect";
import { refusal } from "../../../../src/runrpc/server/routes/violations.ts";
import { LogEntrySchema } from "../../../gen/rig/logs/v1/logs_pb.ts";

const { message, attributes } = LogEntrySchema.field;

/** Something that is wrong with a field, or with the entry of a map. */
function violation(text: string, key?: string): Violation {
  const path = buildPath(LogEntrySchema).field(key === undefined ? message : attributes);
  return new Violation(text, "rule", (key === undefined ? path : path.map(key)).toPath(), [], false);
}

/** What a client is told of them. */
function told(violations: readonly Violation[], found: "first" | "all" = "all") {
  const refused = refusal({ kind: "invalid", violations: [...violations], error: undefined } as never, found); // as the validator gives it
  assert.equal(refused.code, Code.InvalidArgument);
  const details = refused.findDetails(ViolationsSchema);
  return { text: refused.rawMessage, details: details.map((detail) => detail.violations.length) };
}

test("one violation is told as it is, two as one and another, and the first of many as one of maybe more", () => {
  const one = violation("is wrong");
  assert.deepEqual(told([one]), { text: "message: is wrong [rule]", details: [1] });
  assert.deepEqual(told([one, one]), {
    text: "message: is wrong [rule], and 1 more violation",
    details: [2],
  });
  assert.equal(told([one], "first").text, "message: is wrong [rule], and maybe more violations");
});

test("twenty violations are in the detail, and the next is counted", () => {
  const violations = Array.from({ length: 21 }, () => violation("is wrong"));
  assert.deepEqual(told(violations.slice(1)).details, [20]);
  assert.deepEqual(told(violations), {
    text: "message: is wrong [rule], and 20 more violations",
    details: [20],
  });
});

test("a violation whose path holds a long key is not in the detail, and a detail of nothing is left out", () => {
  const [short, long] = [violation("is wrong", "k".repeat(256)), violation("is wrong", "k".repeat(257))];
  assert.deepEqual(told([short]).details, [1]);
  assert.deepEqual(told([long]).details, []);
  assert.deepEqual(told([long, short]).details, [1]);
  assert.ok(Buffer.byteLength(told([long]).text) < 600);
});

test("the detail has 4 KiB, in which violations are whole", () => {
  const violations = Array.from({ length: 20 }, () => violation("is wrong", "k".repeat(256)));
  const [count = 0] = told(violations).details;
  assert.ok(count > 3 && count < 15, `${count} violations`);
});

test("a request that cannot be checked is refused with the reason", () => {
  const refused = refusal(
    { kind: "error", violations: undefined, error: new Error("no such rule") } as never,
    "all",
  ); // as above
  assert.deepEqual([refused.code, refused.rawMessage], [Code.InvalidArgument, "no such rule"]);
});
