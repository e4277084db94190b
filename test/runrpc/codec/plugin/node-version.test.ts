import assert from "node:assert/strict";
import { it } from "node:test";
import { checkNodeVersion } from "../../../../src/runrpc/codec/plugin/node-version.ts";

it("a Node that is too old is told with the command that finds another one", () => {
  for (const version of ["20.20.2", "23.11.1"])
    assert.throws(() => checkNodeVersion(version), /^Error: this is Node 2\d.*npm run generate/);
  for (const version of ["24.0.0", "26.12.1"]) checkNodeVersion(version);
});
