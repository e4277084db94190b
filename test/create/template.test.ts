import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { makeTemplate } from "../../create/template.ts";
import { filesOfProject, hashOf, stateOf } from "../../src/runrpc/scaffold/template.ts";

const root = join(import.meta.dirname, "../..");
const { version, examples } = makeTemplate();
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Files of a choice that the repository has at the same path. */
function sharedPaths(example: string): string[] {
  return Object.keys(examples[example] ?? {}).filter((path) => /^(src|proto|test\/services)\//.test(path));
}

describe("the template", () => {
  it("has the one version: of runrpc, of create-runrpc and its own", () => {
    const versionIn = (path: string) => JSON.parse(read(path)).version;
    assert.deepEqual(
      [versionIn("create/package.json"), version],
      [versionIn("package.json"), versionIn("package.json")],
    );
  });

  it("with all examples has every file of the application and of its tests, byte for byte", () => {
    const patterns = [
      "src/*.ts",
      "src/services/**/*.{ts,sql,json}",
      // What both kinds of database have in common is a test of the package, and so is the page.
      "test/services/{*/**/*,fixture}.ts",
      "proto/{users,events,logs,chat,reports}/**",
    ];
    const own = patterns
      .flatMap((pattern) => globSync(pattern, { cwd: root }))
      .filter((path) => /\.\w+$/.test(path));
    assert.deepEqual(sharedPaths("all").sort(), own.sort());
    for (const path of own) assert.equal(examples.all?.[path], read(path), path);
  });

  it("with users alone has the files of users, byte for byte, their lines of the others, and no part that they are not made from", () => {
    const differing = sharedPaths("unary").filter((path) => {
      const isHere = globSync(path, { cwd: root }).length > 0;
      return !isHere || examples.unary?.[path] !== read(path);
    });
    const [main, ...others] = differing.filter((path) => !path.includes("/migrations/"));
    assert.deepEqual([main, ...others], ["src/main.ts", "src/services/queries.ts", "src/services/schema.ts"]);
    for (const path of [main ?? "", ...others]) {
      const lines = read(path).split("\n");
      const added = examples.unary?.[path]?.split("\n").filter((line) => !lines.includes(line));
      assert.deepEqual(added, path === main ? ["  services: ({ queries, chore }) => ["] : [], path);
    }
  });

  it("with no example has an empty list of services, and no other trace of them", () => {
    assert.match(examples.none?.["src/main.ts"] ?? "", /\n {2}services: \(\) => \[\],\n/);
    const text = JSON.stringify(examples.none);
    assert.doesNotMatch(text, /users?\/|UserService|events\/|logs\/v1|chat\/|reports\//);
  });

  it("has the files whose names begin with a dot", () => {
    for (const [example, files] of Object.entries(examples))
      for (const path of [".gitignore", ".gitattributes", ".npmrc"])
        assert.ok(files[path], `${example}: ${path}`);
  });

  it("has no path of a clone, and nothing that only a clone has", () => {
    const text = JSON.stringify(examples);
    assert.doesNotMatch(text, /src\/runrpc\/(?!launch\.js)|runrpc-source|"clone"/);
  });
});

describe("a project of the template", () => {
  const files = filesOfProject(examples.none ?? {}, { name: "$& parcels", runtime: "file:/a/$1.tgz" });

  it("has its own name, and the package from where it was asked for", () => {
    const manifest = JSON.parse(files["package.json"] ?? "");
    assert.deepEqual([manifest.name, manifest.dependencies.runrpc], ["$& parcels", "file:/a/$1.tgz"]);
    assert.match(files["README.md"] ?? "", /^# \$& parcels\n/);
  });

  it("remembers what its files were, whatever ends their lines, but not the history of its database", () => {
    const state = stateOf("1.2.3", "none", {
      "a.ts": "a\nb\n",
      "src/services/migrations/1/migration.sql": "x",
    });
    assert.deepEqual(state, {
      template: "1.2.3",
      example: "none",
      files: { "a.ts": hashOf("a.ts", "a\r\nb\r\n") },
    });
  });
});
