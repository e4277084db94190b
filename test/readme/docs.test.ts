import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Clone, makeClone, root, titleOf } from "./clone.ts";
import { stepsOfPage } from "./steps.ts";

const folder = join(root, "docs");
const pages = readdirSync(folder)
  .filter((name) => name.endsWith(".md"))
  .sort();

describe("what the pages of docs say to do, page by page, in one clone", () => {
  let clone: Clone;
  before(async () => {
    // readme.test.ts goes through npm.
    clone = await makeClone({ withoutNpx: true });
  });
  after(() => clone[Symbol.asyncDispose]());

  for (const page of pages) {
    for (const [index, step] of stepsOfPage(readFileSync(join(folder, page), "utf8")).entries()) {
      it(`${page}, step ${index + 1}: ${titleOf(step)}`, async (context) => {
        const passedOver = await clone.do(step);
        if (passedOver !== undefined) context.skip(passedOver);
      });
    }
  }
});
