import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { writeProject } from "../../../create/src/project.ts";
import { makeTemplate } from "../../../create/template.ts";
import { type Files, stateFile } from "../../../src/runrpc/scaffold/template.ts";
import { runCommand } from "./run-command.ts";

const template = makeTemplate();

/** A project of today's template, and a template of tomorrow in which the files are like these besides. */
function setUp(t: TestContext, changed: Readonly<Record<string, string | undefined>>) {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-upgrade-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const project = join(folder, "parcels");
  writeProject(template, "none", project, "1.0.0");
  const later = Object.entries({ ...template.examples.none, ...changed }).filter(
    ([, text]) => text !== undefined,
  );
  const none = Object.fromEntries(later) as Files; // what is undefined is left out
  writeFileSync(join(folder, "template.json"), JSON.stringify({ version: "9.9.9", examples: { none } }));
  const read = (path: string) => readFileSync(join(project, path), "utf8");
  const write = (path: string, text: string) => writeFileSync(join(project, path), text);
  const upgrade = (...flags: string[]) =>
    runCommand(["upgrade", "--template", folder, ...flags], { cwd: project });
  return { project, read, write, upgrade };
}

describe("runrpc upgrade", () => {
  it("replaces a file that was not edited, whatever ends its lines, and adds a new one", async (t) => {
    const { read, write, upgrade } = setUp(t, { "tsconfig.json": "{}\n", "docs/new.md": "new\n" });
    write("tsconfig.json", read("tsconfig.json").replaceAll("\n", "\r\n"));
    const { code, stdout } = await upgrade();
    assert.deepEqual([code, read("tsconfig.json"), read("docs/new.md")], [0, "{}\n", "new\n"]);
    assert.equal(
      stdout,
      "replaced  tsconfig.json\nnew       docs/new.md\nup to date with the template 9.9.9\n",
    );
    assert.equal((await upgrade()).stdout, "up to date with the template 9.9.9\n");
  });

  it("leaves an edited file, puts the new text beside it once, and prints the difference", async (t) => {
    const { project, read, write, upgrade } = setUp(t, { "buf.yaml": "theirs\n" });
    write("buf.yaml", "mine\n");
    const { stdout } = await upgrade();
    assert.deepEqual([read("buf.yaml"), read("buf.yaml.new")], ["mine\n", "theirs\n"]);
    assert.match(
      stdout,
      /edited {4}buf\.yaml: see buf\.yaml\.new\n--- a\/buf\.yaml\n[\s\S]*\n-mine\n\+theirs\n/,
    );
    rmSync(join(project, "buf.yaml.new"));
    await upgrade();
    assert.equal(existsSync(join(project, "buf.yaml.new")), false);
  });

  it("says nothing of an edited file that the template has as before, and leaves a deleted one deleted", async (t) => {
    const { project, write, upgrade } = setUp(t, { "README.md": "# my-app, anew\n" });
    write("src/main.ts", "mine\n");
    rmSync(join(project, "README.md"));
    assert.equal((await upgrade()).stdout, "up to date with the template 9.9.9\n");
    assert.equal(existsSync(join(project, "README.md")), false);
  });

  it("names what the template has no more, and never touches a migration", async (t) => {
    const migration = "src/services/migrations/2_later/migration.sql";
    const { project, read, upgrade } = setUp(t, { "tsconfig.json": undefined, [migration]: "DROP TABLE a" });
    assert.match((await upgrade()).stdout, /^gone {6}tsconfig\.json: /);
    assert.match(read("tsconfig.json"), /compilerOptions/);
    assert.equal(existsSync(join(project, migration)), false);
  });

  it("keeps the project's own name and where it gets the package", async (t) => {
    const manifest = (template.examples.none?.["package.json"] ?? "").replace('"dev"', '"develop"');
    const { read, upgrade } = setUp(t, { "package.json": manifest });
    await upgrade();
    const { name, scripts, dependencies } = JSON.parse(read("package.json"));
    assert.deepEqual([name, "develop" in scripts, dependencies.runrpc], ["parcels", true, "1.0.0"]);
  });

  it("takes a newer version of the package for no edit of package.json, and says that there is to install", async (t) => {
    const manifest = (template.examples.none?.["package.json"] ?? "").replace('"dev"', '"develop"');
    const { read, write, upgrade } = setUp(t, { "package.json": manifest });
    write("package.json", read("package.json").replace('"runrpc": "1.0.0"', '"runrpc": "file:../a\\"b.tgz"'));
    const { stdout } = await upgrade();
    assert.match(stdout, /^replaced {2}package\.json\n.*\nRun `npm install`: /);
    const { scripts, dependencies } = JSON.parse(read("package.json"));
    assert.deepEqual(["develop" in scripts, dependencies.runrpc], [true, 'file:../a"b.tgz']);
  });

  it("changes nothing with --dry-run", async (t) => {
    const { read, upgrade } = setUp(t, { "buf.yaml": "theirs\n" });
    const before = [read("buf.yaml"), read(stateFile)];
    assert.equal((await upgrade("--dry-run")).stdout, "replaced  buf.yaml\nnothing was changed\n");
    assert.deepEqual([read("buf.yaml"), read(stateFile)], before);
  });

  for (const [file, text] of [
    [stateFile, "null"],
    [stateFile, "[]"],
    [stateFile, '{ "template": "1.0.0", "example": "none" }'],
    [stateFile, "{"],
    [stateFile, '{ "template": "1.0.0", "example": "constructor", "files": {} }'],
    ["package.json", '{ "dependencies": { "runrpc": 1 } }'],
    ["../template.json", '{ "version": "9.9.9", "examples": { "none": ["a"] } }'],
  ] as const)
    it(`ends with 2 and a sentence, and changes nothing, where ${file} is ${text}`, async (t) => {
      const { read, write, upgrade } = setUp(t, { "buf.yaml": "theirs\n" });
      const before = read("buf.yaml");
      write(file, text);
      const { code, stdout, stderr } = await upgrade();
      assert.deepEqual([code, stdout, read("buf.yaml")], [2, "", before]);
      assert.match(stderr, /^error: .+\n$/);
    });

  it("ends with 2 where there is no project, and where there is no template", async (t) => {
    const { project } = setUp(t, {});
    const outside = await runCommand(["upgrade"], { cwd: tmpdir() });
    assert.deepEqual([outside.code, /no \.runrpc\.json/.test(outside.stderr)], [2, true]);
    const without = await runCommand(["upgrade", "--template", "nowhere"], { cwd: project });
    assert.deepEqual([without.code, /no template at nowhere/.test(without.stderr)], [2, true]);
  });
});
