import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkOptionNames } from "../../src/runrpc/option-names.ts";

describe("checkOptionNames", () => {
  const known = ["services", "limits", "onRecord"];

  it("takes what is known, and what a spread message brings along", () => {
    checkOptionNames("startServer", { services: [], onRecord: undefined, $typeName: "x" }, known);
  });

  for (const [name, advice] of [
    ["limts", "; did you mean limits?"],
    ["on_record", "; did you mean onRecord?"],
    ["q", "; there are services, limits, onRecord"],
  ] as const) {
    it(`refuses ${name}`, () => {
      const message = `${name} is not an option of startServer${advice}`;
      assert.throws(() => checkOptionNames("startServer", { [name]: {} }, known), { message });
    });
  }
});
