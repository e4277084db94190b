import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { createChanges } from "../../../src/runrpc/scaffold/project/changes.ts";

it("insertions of several edits go to the places that they had on the disk, and what all of them need is there once", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-changes-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "service.ts");
  writeFileSync(file, "one {}\ntwo {}\n");
  const changes = createChanges(folder);
  const imported = { at: 0, text: "import skeleton\n" };
  changes.edit("service.ts", [{ at: 12, text: "second" }, imported]);
  changes.edit("service.ts", [imported, { at: 5, text: "first" }]);
  changes.write();
  assert.equal(readFileSync(file, "utf8"), "import skeleton\none {first}\ntwo {second}\n");
});
