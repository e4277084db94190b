import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { linkFromWorkspace } from "../../create/src/workspace.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "runrpc-workspace-")));
const project = join(folder, "apps/my-app");
const installed = join(folder, "node_modules/runrpc");
const manifest = { name: "my-app", scripts: { generate: "buf generate" } };
mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
after(() => rmSync(folder, { recursive: true }));

describe("a project in a workspace", () => {
  it("stays as it is where the package is nowhere", () => {
    assert.equal(linkFromWorkspace(project), undefined);
    assert.deepEqual(JSON.parse(readFileSync(join(project, "package.json"), "utf8")), manifest);
  });

  it("links the package of the workspace by a script that npm runs after each install", () => {
    mkdirSync(join(installed, "proto"), { recursive: true });
    assert.equal(linkFromWorkspace(project), installed);
    for (let times = 0; times < 2; times++) {
      execFileSync("npm", ["run", "--silent", "prepare"], { cwd: project });
      assert.equal(realpathSync(join(project, "node_modules/runrpc")), installed);
      assert.ok(existsSync(join(project, "node_modules/runrpc/proto")));
    }
    const { scripts } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    assert.equal(scripts.generate, "buf generate");
  });

  it("stays as it is where the package is in the project", () => {
    assert.equal(linkFromWorkspace(project), undefined);
  });
});
