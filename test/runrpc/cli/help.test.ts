import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { configFields } from "../../../src/runrpc/config/fields.ts";
import { runCommand } from "./run-command.ts";

const commands = [
  "serve",
  "call",
  "keys",
  "migrate",
  "add",
  "sync",
  "backup",
  "copy",
  "doctor",
  "profile",
  "config",
];

describe("help", () => {
  it("names every command, examples and exit codes, and ends with 0", async () => {
    const { code, stdout, stderr } = await runCommand(["--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    for (const part of [...commands, "Examples:", "Exit codes:"]) assert.ok(stdout.includes(part), part);
  });

  it("of each command has an example, on stdout", async () => {
    for (const name of commands) {
      const { code, stdout, stderr } = await runCommand([name, "--help"]);
      assert.deepEqual([code, stderr], [0, ""], name);
      assert.match(stdout, /Examples?:\n {2}/, name);
    }
    assert.equal((await runCommand(["help", "keys"])).stdout, (await runCommand(["keys", "--help"])).stdout);
  });

  it("of serve has a flag for every value", async () => {
    const { stdout } = await runCommand(["serve", "--help"]);
    for (const { flags, kind, defaultValue } of configFields) {
      const shown = kind === "boolean" && defaultValue === true ? `--no-${flags[0]}` : `--${flags[0]}`;
      assert.ok(stdout.includes(`  ${shown} `), shown);
    }
  });

  it("has no colours where the output is no terminal", async () => {
    const { stdout } = await runCommand(["--help"]);
    assert.ok(!stdout.includes("\u001b"));
  });

  it("without a command goes to stderr and ends with 2", async () => {
    const { code, stdout, stderr } = await runCommand([]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^Usage: runrpc/);
  });
});

it("--version prints that of package.json", async () => {
  const file = new URL("../../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  assert.deepEqual(await runCommand(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

it("what is mistyped ends with 2 and a suggestion", async () => {
  for (const [args, suggestion] of [
    [["srve"], "serve"],
    [["serve", "--prot", "1"], "--port"],
    [["serve", "--no-helth"], "--no-health"],
    [["keys", "creat"], "create"],
    [["call", "--protocol", "grcp"], "grpc, grpc-web, connect"],
    [["config", "--log", "erors"], "errors"],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.ok(stderr.startsWith("error: ") && stderr.includes(suggestion), stderr);
  }
});

it("called as rungrpc it is serve", async () => {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-bin-"));
  after(() => rmSync(folder, { recursive: true }));
  const script = join(folder, "rungrpc");
  symlinkSync(fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url)), script);
  assert.match((await runCommand(["--help"], { script })).stdout, /^Usage: runrpc serve/);
  const { code, stderr } = await runCommand(["--port", "x"], { script });
  assert.equal(code, 2);
  assert.match(stderr, /flag --port is "x"/);
});
