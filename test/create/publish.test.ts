// Publishing is by `npm run pack` alone: what the top of the repository would publish by itself has a second Node, scripts and
// a condition that leads to sources.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";

const root = join(import.meta.dirname, "../..");
/** Nobody listens there, so that nothing can be published by mistake. */
const registry = "http://127.0.0.1:9/";

for (const folder of [".", "create"]) {
  it(`npm refuses to publish ${folder} as it is`, () => {
    const args = ["publish", "--registry", registry, "--//127.0.0.1:9/:_authToken=none", "--fetch-retries=0"];
    const { status, stderr } = spawnSync("npm", args, { cwd: join(root, folder), encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /\bEPRIVATE\b/);
  });
}

it("a plain npm pack of the repository has no code to install by mistake", () => {
  const args = ["pack", "--dry-run", "--json", "--silent"];
  const [{ files }] = JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8" }));
  const paths: readonly string[] = files.map(({ path }: { readonly path: string }) => path);
  // These npm takes always: what a `bin` names is among them, where it has been built.
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const always = new Set(["LICENSE", "README.md", "package.json", ...Object.values<string>(bin)]);
  assert.deepEqual(
    paths.filter((path) => !always.has(path)),
    [],
  );
});
