import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Clone, makeClone, root, titleOf } from "./clone.ts";
import { optionsTable, writtenTable } from "./options-table.ts";
import { stepsOfReadme } from "./steps.ts";

it("the table of options is the schema's", () => {
  assert.equal(writtenTable(), optionsTable());
});

describe("the first five minutes of the README, step by step, in a clone", () => {
  const steps = stepsOfReadme(readFileSync(join(root, "README.md"), "utf8"));
  let clone: Clone;
  before(async () => {
    clone = await makeClone();
  });
  after(() => clone[Symbol.asyncDispose]());

  for (const [index, step] of steps.entries()) {
    it(`step ${index + 1}: ${titleOf(step)}`, async (context) => {
      const passedOver = await clone.do(step);
      if (passedOver !== undefined) context.skip(passedOver);
    });
  }
});
