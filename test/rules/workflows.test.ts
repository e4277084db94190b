import assert from "node:assert/strict";
import { it } from "node:test";
import { sources } from "./source.ts";

it("every action that a workflow uses is pinned by its commit, with its version beside it: a tag can be moved", () => {
  const used = sources(".github/workflows/*.yml").flatMap(({ path, text }) =>
    [...text.matchAll(/\buses: (.*)$/gm)].map(([, action = ""]) => ({ path, action })),
  );
  assert.ok(used.length > 0);
  const loose = used.filter(({ action }) => !/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action));
  assert.deepEqual(loose, []);
});
