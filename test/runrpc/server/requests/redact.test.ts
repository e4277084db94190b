import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, createRegistry, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { keptRequest } from "../../../../src/runrpc/server/requests/kept-request.ts";
import { redact } from "../../../../src/runrpc/server/requests/redact.ts";
import { AccountSchema, PutRequestSchema } from "../../../gen/rig/secrets/v1/secrets_pb.ts";

const registry = createRegistry(AccountSchema, PutRequestSchema, AnySchema);
const typeUrl = "type.googleapis.com/rig.secrets.v1.Account";
const secret = { name: "a", password: "hunter2" };

function redacted(json: JsonValue): { readonly left: unknown; readonly leftOut: readonly string[] } {
  const account = fromJson(AccountSchema, json, { registry });
  const before = toJson(AccountSchema, account, { registry });
  const { message, leftOut } = redact(AccountSchema, account, registry);
  assert.deepEqual(toJson(AccountSchema, account, { registry }), before, "the message itself was changed");
  return { left: toJson(AccountSchema, message as typeof account, { registry }), leftOut };
}

describe("what is left of a message", () => {
  const any = { "@type": typeUrl, ...secret };
  const cases: readonly (readonly [where: string, JsonValue, left: unknown, leftOut: readonly string[]])[] = [
    ["a field", secret, { name: "a" }, ["password"]],
    ["a nested message", { other: secret }, { other: { name: "a" } }, ["other.password"]],
    [
      "a list of messages",
      { children: [{}, secret] },
      { children: [{}, { name: "a" }] },
      ["children[1].password"],
    ],
    [
      "a map of messages",
      { byName: { "b.c": secret } },
      { byName: { "b.c": { name: "a" } } },
      ['by_name["b.c"].password'],
    ],
    ["a whole map", { tokens: { a: "b" } }, {}, ["tokens"]],
    ["a whole list", { keys: ["AQ=="] }, {}, ["keys"]],
    ["a whole message", { inner: { name: "a" } }, {}, ["inner"]],
    ["a oneof", { pin: "" }, {}, ["pin"]],
    ["a field that is set to zero", { number: "0" }, {}, ["number"]],
    ["an Any", { any }, { any: { "@type": typeUrl, name: "a" } }, ["any.password"]],
    [
      "an Any in an Any in a list",
      { anys: [{ "@type": "type.googleapis.com/google.protobuf.Any", value: any }] },
      {
        anys: [
          { "@type": "type.googleapis.com/google.protobuf.Any", value: { "@type": typeUrl, name: "a" } },
        ],
      },
      ["anys[0].password"],
    ],
    [
      "nothing",
      { name: "a", other: { children: [{ none: null }] } },
      { name: "a", other: { children: [{ none: null }] } },
      [],
    ],
  ];
  for (const [where, json, left, leftOut] of cases)
    it(`of ${where}`, () => assert.deepEqual(redacted(json), { left, leftOut }));

  it("an Any that nobody can read is left out whole, and so are fields that the schema does not know", () => {
    for (const any of [
      { typeUrl: "type.googleapis.com/a.Stranger", value: new Uint8Array([10, 1, 65]) },
      { typeUrl, value: new Uint8Array([255]) },
    ]) {
      const { message, leftOut } = redact(AccountSchema, create(AccountSchema, { any }), registry);
      assert.deepEqual(leftOut, ["any.value"]);
      assert.equal((message as { readonly any?: { readonly value: Uint8Array } }).any?.value.length, 0);
    }
    const unknown = create(AccountSchema, { name: "a" });
    unknown.$unknown = [{ no: 99, wireType: 2, data: new Uint8Array([1, 65]) }];
    const inAny = create(AccountSchema, { any: anyPack(AccountSchema, unknown) });
    const { message, leftOut } = redact(AccountSchema, inAny, registry);
    assert.deepEqual(leftOut, ["any.unknown fields"]);
    assert.deepEqual(toJson(AccountSchema, message as typeof inAny, { registry }), {
      any: { "@type": typeUrl, name: "a" },
    });
  });
});

describe("what is kept of a request", () => {
  const kept = (name: string, maxBytes: number) =>
    keptRequest(PutRequestSchema, create(PutRequestSchema, { account: { name } }), registry, maxBytes);

  it("it is its JSON up to the bound, and nothing past it", () => {
    const json = '{"account":{"name":"abc"}}';
    assert.deepEqual(kept("abc", json.length), { json, note: "" });
    const note = `not kept: it is longer than ${json.length - 1} bytes as JSON`;
    assert.deepEqual(kept("abc", json.length - 1), { json: "", note });
    // A character of two bytes.
    assert.equal(kept("abü", json.length).json, "");
  });

  it("a request of a hundred thousand parts is not gone through for a bound of a hundred bytes", () => {
    const account = create(AccountSchema, { name: "a" });
    let looks = 0;
    const child = Object.defineProperty(create(AccountSchema), "name", {
      enumerable: true,
      get() {
        looks++;
        return "b";
      },
    });
    account.children = Array.from({ length: 100_000 }, () => child);
    const message = create(PutRequestSchema, { account });
    assert.equal(keptRequest(PutRequestSchema, message, registry, 100).json, "");
    assert.ok(looks < 1_000, `${looks} looks`);
  });

  it("what was left out is named, the first twenty of it", () => {
    const children = Array.from({ length: 22 }, () => secret);
    const message = fromJson(PutRequestSchema, { account: { children } });
    const { json, note } = keptRequest(PutRequestSchema, message, registry, 16_384);
    assert.doesNotMatch(json, /hunter2/);
    assert.match(note, /^left out: account\.children\[0\]\.password, .*children\[19\]\.password and 2 more$/);
  });

  it("a message that JSON cannot hold is not kept, and says why", () => {
    const any = { typeUrl: "no url", value: new Uint8Array([1]) };
    const message = create(PutRequestSchema, { account: { any } });
    const { json, note } = keptRequest(PutRequestSchema, message, registry, 16_384);
    assert.ok(json !== "" || note.startsWith("not kept: "), note);
  });
});
