import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { createExcess, type Excess } from "../../../../../src/runrpc/server/routes/excess.ts";
import { TakeRequestSchema } from "../../../../gen/rig/sizes/v1/sizes_pb.ts";
import { UserService } from "../../../../gen/rig/users/v1/users_pb.ts";
import {
  bytesOf,
  entries,
  excess,
  type Init,
  many,
  outcome,
  type PartInit,
  readBinary,
  readJson,
  registry,
  tooMany,
} from "./fixture.ts";

/** A request is refused with the error of all its elements, in binary and in JSON, for less than half of them. */
function assertShortened(init: Init): void {
  const message = create(TakeRequestSchema, init);
  const bytes = toBinary(TakeRequestSchema, message);
  const shortened = excess.binary(bytes);
  assert.deepEqual(
    outcome(readBinary(shortened)),
    outcome(() => message),
  );
  assert.ok(2 * shortened.length < bytes.length, `${shortened.length} of ${bytes.length} bytes`);
  const json = toJson(TakeRequestSchema, message);
  const lessJson = excess.json(json, JSON.stringify(json).length);
  assert.deepEqual(
    outcome(readJson(lessJson)),
    outcome(() => message),
  );
  assert.ok(2 * JSON.stringify(lessJson).length < JSON.stringify(json).length);
}

/** Nothing of a request is left out. */
function assertWhole(init: Init): void {
  const message = create(TakeRequestSchema, init);
  const bytes = toBinary(TakeRequestSchema, message);
  const json = toJson(TakeRequestSchema, message);
  assert.equal(excess.binary(bytes), bytes);
  assert.equal(excess.json(json, JSON.stringify(json).length), json);
}

const TOO_LARGE: Readonly<Record<string, Init>> = {
  "a list of messages": tooMany,
  "a list of numbers, which stand behind each other": { numbers: many((at) => at) },
  "a list of numbers of eight bytes": { ratios: many((at) => at) },
  "a list of numbers with a tag each": { unpacked: many(() => true) },
  "a list of texts, whose elements break a rule as well": { texts: many(() => "same") },
  "a list that may have fewer elements than a form has violations": { few: many(() => "a") },
  "a map": { labels: entries(() => "a") },
  "a map of messages": { named: entries(() => ({ text: "a" })) },
  "a list in a message": { whole: tooMany },
  "a list in the message of a oneof": { choice: { case: "chosen", value: tooMany } },
  "a list in an element of a list": { anyNumber: [{ text: "a" }, tooMany, {}] },
  "a list of numbers in the value of a map": { numbered: { 7: { marks: many((at) => at) } } },
  "a list twenty messages deep": {
    whole: many(() => 0, 20).reduce<PartInit>((part) => ({ parts: [part] }), tooMany),
  },
  "a list whose elements break rules": { parts: many(() => ({ text: "longer than eight" })) },
  "a list, and a field before it breaks a rule": { name: "longer than eight", ...tooMany },
  "a list, and a field behind it breaks a rule": { ...tooMany, last: "longer than eight" },
  several: {
    ...tooMany,
    few: many(() => "a"),
    labels: entries(() => "longer than eight"),
    whole: { marks: many((at) => at), parts: [tooMany] },
  },
};

const NOT_TOO_LARGE: Readonly<Record<string, Init>> = {
  "each as large as may be": {
    parts: many(() => ({}), 30),
    numbers: many((at) => at, 30),
    labels: entries(() => "a", 30),
    whole: { marks: many(() => 1, 30) },
  },
  "as many as a form has violations, where three may be": { few: many(() => "a", 20) },
  "a list without a rule": { anyNumber: many(() => ({})) },
  "a list whose rule is ignored": { unchecked: many(() => ({})) },
};

describe("a request with more elements than may be", () => {
  for (const [title, init] of Object.entries(TOO_LARGE)) it(title, () => assertShortened(init));
  for (const [title, init] of Object.entries(NOT_TOO_LARGE))
    it(`${title}: is left as it is`, () => assertWhole(init));

  it("has one element more than may be left", () => {
    const left = fromBinary(TakeRequestSchema, excess.binary(bytesOf({ ...tooMany, few: many(() => "a") })));
    assert.deepEqual([left.parts.length, left.few.length], [31, 21]);
  });

  it("is not shortened where more than half would be left", () => {
    const [half, more] = [bytesOf({ parts: many(() => ({}), 62) }), bytesOf({ parts: many(() => ({}), 61) })];
    assert.equal(excess.binary(half).length, half.length / 2);
    assert.equal(excess.binary(more), more);
  });

  it("a method without a bounded list has no such guard", () => {
    const { input } = UserService.method.getUser;
    assert.equal(
      createExcess(input, () => {}, registry),
      undefined,
    );
  });

  it("all of it is read where the check lets what is left pass", () => {
    const lenient = createExcess(TakeRequestSchema, () => {}, registry) as Excess; // the message has bounded lists
    const bytes = bytesOf(tooMany);
    const json = toJson(TakeRequestSchema, create(TakeRequestSchema, tooMany));
    assert.equal(lenient.binary(bytes), bytes);
    assert.equal(lenient.json(json, JSON.stringify(json).length), json);
  });
});
