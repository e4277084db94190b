import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { mutations } from "../mutations/mutations.ts";

const root = join(import.meta.dirname, "../..");

it("each mutation changes a text that stands once in its file, and has a name of its own and tests that are there", () => {
  const faults = mutations.flatMap(({ name, file, from, to, tests }) => {
    const path = join(root, "src/runrpc", file);
    const places = existsSync(path) ? readFileSync(path, "utf8").split(from).length - 1 : 0;
    return [
      ...(places === 1 ? [] : [`${name}: its text stands ${places} times in ${file}`]),
      ...(from === to ? [`${name}: it changes nothing`] : []),
      ...(tests.length > 0 ? [] : [`${name}: it has no test`]),
      ...tests
        .filter((test) => !existsSync(join(root, "test/runrpc", test)))
        .map((test) => `${name}: there is no ${test}`),
    ];
  });
  assert.deepEqual(faults, []);
  assert.equal(new Set(mutations.map(({ name }) => name)).size, mutations.length);
});
