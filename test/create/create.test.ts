import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { packCreate } from "../../create/pack.ts";
import { hosts } from "../package/host.ts";

let folder: string;
let script: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "runrpc-create-"));
  execFileSync("tar", ["-xzf", packCreate(folder), "-C", folder]);
  script = join(folder, "package/create-runrpc.js");
});

after(() => rmSync(folder, { recursive: true }));

const [oldest] = hosts();

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(oldest.node, [script, ...args], {
    cwd: folder,
    env: { ...oldest.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs `create-runrpc` on the host's own Node, without a terminal. */
async function create(...args: string[]) {
  const child = start(args);
  const { stdout, stderr } = child;
  assert.ok(stdout && stderr);
  const [[code], out, err] = await Promise.all([once(child, "close"), text(stdout), text(stderr)]);
  return { code, stdout: out, stderr: err };
}

it("whoever comes by pnpm is told to go on with it", async () => {
  const child = start(["by-pnpm", "--no-install", "--no-git"], {
    npm_config_user_agent: "pnpm/10.34.9 npm/? node/v24.21.0",
  });
  assert.ok(child.stdout);
  const [printed] = await Promise.all([text(child.stdout), once(child, "close")]);
  assert.match(printed, /\n {2}pnpm install\n {2}pnpm run generate\n {2}pnpm start\n/);
});

const manifestOf = (project: string) =>
  JSON.parse(readFileSync(join(folder, project, "package.json"), "utf8"));

describe("create-runrpc, without a network", () => {
  for (const example of [undefined, "unary", "all", "none"]) {
    for (const git of [true, false]) {
      for (const runtime of [undefined, "1.2.3", "./package"]) {
        for (const yes of [true, false]) {
          const flags = [
            ...(example === undefined ? [] : ["--example", example]),
            ...(git ? [] : ["--no-git"]),
            ...(runtime === undefined ? [] : ["--runtime", runtime]),
            ...(yes ? ["--yes"] : []),
          ];
          it(`makes a project with ${flags.join(" ") || "no flags"}`, async () => {
            const project = `p-${flags.join("").replace(/\W+/g, "-")}`;
            const { code, stdout, stderr } = await create(project, "--no-install", ...flags);
            assert.deepEqual([code, stderr], [0, ""]);
            assert.match(stdout, /\n {2}npm install\n {2}npm run generate\n {2}npm start\n/);
            assert.equal(existsSync(join(folder, project, ".git")), git);
            const services = { unary: 1, all: 5, none: 1 }[example ?? "unary"]; // none keeps a file that says so
            assert.equal(readdirSync(join(folder, project, "proto")).length, services);
            const { version } = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
            const spec = runtime === "./package" ? `file:${join(folder, "package")}` : (runtime ?? version);
            assert.equal(manifestOf(project).dependencies.runrpc, spec);
          });
        }
      }
    }
  }

  for (const [project, name, cd] of [
    ["deep/My App (2)", "my-app-2", "'deep/My App (2)'"],
    ["@acme/parcels", "@acme/parcels", "@acme/parcels"],
    ["@Acme/Parcels", "parcels", "@Acme/Parcels"],
    ["Ada's", "ada-s", "'Ada'\\''s'"],
    ["посылки", "my-app", "'посылки'"],
    ["._x", "x", "._x"],
  ] as const) {
    it(`names the project in ${project} ${name}, as npm takes it, and the folder as a shell takes it`, async () => {
      const { stdout } = await create(project, "--no-install", "--no-git");
      assert.equal(manifestOf(project).name, name);
      assert.ok(stdout.includes(`\n  cd ${cd}\n`), stdout);
    });
  }

  it("takes a runtime by a path from where it is called, also as a URL and in the home folder", async () => {
    const tarball = join(folder, "runtime.tgz");
    writeFileSync(tarball, "");
    for (const [index, spec] of [
      "runtime.tgz",
      "file:runtime.tgz",
      pathToFileURL(tarball).href,
      "~/runtime.tgz",
    ].entries()) {
      const child = start([`by-path-${index}`, "--no-install", "--runtime", spec], { HOME: folder });
      assert.deepEqual(await once(child, "exit"), [0, null]);
      assert.equal(manifestOf(`by-path-${index}`).dependencies.runrpc, `file:${tarball}`);
    }
  });

  it("makes no repository inside another one", async () => {
    execFileSync("git", ["init", "--quiet", join(folder, "outer")]);
    assert.equal((await create("outer/inner", "--no-install")).code, 0);
    assert.equal(existsSync(join(folder, "outer/inner/.git")), false);
  });

  it("takes a folder that is empty, or a new repository", async () => {
    execFileSync("git", ["init", "--quiet", join(folder, "new")]);
    mkdirSync(join(folder, "empty"));
    assert.equal((await create("new", "--no-install")).code, 0);
    assert.equal((await create("empty", "--no-install")).code, 0);
  });
});

describe("create-runrpc refuses, with exit code 2 and nothing made,", () => {
  const refusals = [
    ["a folder that is not empty, and names the file", ["full"], /full is not empty: it has kept\.txt\. /],
    ["a file in the place of the folder", ["full/kept.txt"], /full\/kept\.txt is there and is no folder/],
    ["an unknown example", ["x", "--example", "some"], /no example "some": it is one of none, unary, all/],
    ["an unknown flag", ["x", "--exampel", "all"], /--exampel/],
    ["two folders", ["x", "y"], /x y/],
    ["an empty runtime", ["x", "--runtime", ""], /--runtime is empty/],
    [
      "a runtime that is not there",
      ["x", "--runtime", "./no.tgz"],
      /--runtime is \.\/no\.tgz, and there is no/,
    ],
    [
      "a runtime by its URL",
      ["x", "--runtime", "file:///no/where"],
      /--runtime is file:\/\/\/no\/where, and/,
    ],
    ["a link to nowhere", ["nowhere"], /nowhere is a link to what is not there/],
  ] as const;
  for (const [what, args, message] of refusals) {
    it(what, async () => {
      mkdirSync(join(folder, "full"), { recursive: true });
      writeFileSync(join(folder, "full/kept.txt"), "kept");
      if (args[0] === "nowhere") symlinkSync("not-there", join(folder, "nowhere"));
      const { code, stdout, stderr } = await create(...args, "--no-install");
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, message);
      assert.equal(existsSync(join(folder, "x")), false);
      assert.deepEqual(readdirSync(join(folder, "full")), ["kept.txt"]);
    });
  }
});

describe("create-runrpc, of whose flags npm has kept some,", () => {
  const rows: readonly (readonly [
    args: readonly string[],
    kept: Readonly<Record<string, string>>,
    shown: string,
  ])[] = [
    [["x", "all"], { npm_config_example: "true" }, "npm create runrpc x -- --example …"],
    [["x"], { npm_config_example: "all" }, "npm create runrpc x -- --example all"],
    [
      ["x"],
      { npm_config_install: "", npm_config_git: "false" },
      "npm create runrpc x -- --no-install --no-git",
    ],
    [["x"], { npm_config_runtime: "./a.tgz" }, "npm create runrpc x -- --runtime ./a.tgz"],
  ];
  for (const [args, kept, shown] of rows)
    it(`says what to type: ${shown}`, async () => {
      const child = start(args, { npm_command: "exec", ...kept });
      assert.ok(child.stderr);
      const [[code], said] = await Promise.all([once(child, "close"), text(child.stderr)]);
      assert.equal(code, 2);
      assert.ok(said.endsWith(`: ${shown}\n`), said);
      assert.equal(existsSync(join(folder, "x")), false);
    });

  it("minds nothing that is npm's own", async () => {
    const env = { npm_command: "exec", npm_config_git: "git", npm_config_runtime: "electron" };
    const child = start(["of-npm", "--no-install"], env);
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });
});

it("create-runrpc ends with 1 where the folder cannot be made, and where npm does not work", async () => {
  writeFileSync(join(folder, "a-file"), "");
  const { code, stderr } = await create("a-file/inside", "--no-install");
  assert.equal(code, 1);
  assert.match(stderr, /^error: .*a-file/);
  const child = start(["offline", "--runtime", "0.0.0-nowhere"], { npm_config_offline: "true" });
  assert.deepEqual(await once(child, "exit"), [1, null]);
  assert.equal(existsSync(join(folder, "offline/package.json")), true);
});

it("create-runrpc tells its version and its flags", async () => {
  assert.match((await create("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await create("--help")).stdout, /--example none\|unary\|all/);
});

describe("create-runrpc on a terminal", { skip: process.platform === "win32" }, () => {
  const terminal = join(import.meta.dirname, "terminal.py");

  /** Answers its prompts, and gives its exit code. */
  function answer(
    answers: readonly (readonly [prompt: string, answer: string])[],
    env: NodeJS.ProcessEnv = {},
  ) {
    const args = [terminal, JSON.stringify(answers), oldest.node, script, "--no-install", "--no-git"];
    const { CI: _, ...outer } = oldest.env;
    return spawnSync("python3", args, { cwd: folder, env: { ...outer, ...env }, encoding: "utf8" });
  }

  it("asks for what is not named, and again for what there is not", () => {
    const answers = [
      ["Folder [my-app]", "asked\n"],
      ["[unary]", "some\n"],
      ["is one of", "none\n"],
    ] as const;
    assert.equal(answer(answers).status, 0);
    assert.equal(existsSync(join(folder, "asked/proto/app")), true);
  });

  for (const [key, typed] of [
    ["Ctrl-C", "\u0003"],
    ["the end of what is typed", "\u0004"],
  ] as const) {
    it(`makes nothing after ${key}`, () => {
      assert.equal(answer([["Folder", typed]]).status, 130);
      assert.equal(existsSync(join(folder, "my-app")), false);
    });
  }

  it("asks nothing in CI", () => {
    assert.equal(answer([], { CI: "true" }).status, 0);
    assert.equal(existsSync(join(folder, "my-app/package.json")), true);
  });
});
