import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { cloneTree } from "../clone.ts";

const root = join(import.meta.dirname, "../..");

describe("a clone without the examples", () => {
  let clone: string;
  before(() => {
    clone = cloneTree();
  });
  after(() => rmSync(clone, { recursive: true, force: true }));

  /** Runs a script in the clone; rejects with what it said when it fails. */
  async function run(script: string): Promise<void> {
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...rest } = process.env;
    const env = { ...rest, PATH: `${join(root, "node_modules/.bin")}:${rest.PATH}` };
    await promisify(execFile)("bash", ["-euc", script], { cwd: clone, env }).catch(
      ({ message, stdout }: Error & { readonly stdout: string }) => assert.fail(`${message}\n${stdout}`),
    );
  }

  it("is what CONTRIBUTING's five lines leave, and compiles", async () => {
    await run(deletionIn(readFileSync(join(root, "CONTRIBUTING.md"), "utf8")));
    assert.ok(!existsSync(join(clone, "gen/users")) && !existsSync(join(clone, "src/services/users")));
    await run("npm run types");
  });

  it("takes a service of its own, with the first migration, and keeps all rules", async () => {
    await run("node src/runrpc/launch.js add service parcels.v1.ParcelService");
    await run(
      "npm run types && npm run format:check && npm run lint && npm run rules && npm run migration:check",
    );
  });

  // A part of the runtime's tests: on the package's faces, and over a socket.
  it("passes the tests of its service, and the runtime's own", async () => {
    await run("npm test -- test/services test/runrpc/testing test/wire/exact-values.test.ts");
  });
});

/** The first block of the section that says how the examples are deleted. */
function deletionIn(contributing: string): string {
  const block = /## Deleting the examples\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(contributing)?.[1];
  assert.equal(block?.trim().split("\n").length, 5);
  return block ?? "";
}
