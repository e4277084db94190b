import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { makeFolder, serve } from "../../wire/process.ts";
import { runCommand } from "./run-command.ts";

const launcher = fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url));

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-debug-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

it("in production debug mode stops the start, unless it is asked for there by name", async () => {
  const env = { NODE_ENV: "production" };
  const refused = await runCommand(["serve", "--debug"], { env });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--debug --debug-in-production/);
  const allowed = await runCommand(["config", "--debug", "--debug-in-production"], { env });
  assert.equal(allowed.code, 0);
  assert.match(allowed.stdout, /debug\.in_production\s+true/);
});

it("rungrpc --asyncio-debug is debug mode", async (t) => {
  const script = join(folderOf(t), "rungrpc");
  symlinkSync(launcher, script);
  const { code, stderr } = await runCommand(["--asyncio-debug"], { script, env: { NODE_ENV: "production" } });
  assert.equal(code, 2);
  assert.match(stderr, /server\.debug is true/);
});

it("SIGUSR2 prints the calls in flight, and profile takes a file that is not there", async (t) => {
  const running = await serve(await makeFolder(t), "--debug");
  t.after(() => running.child.kill("SIGKILL"));
  const printed = new Promise<void>((resolve) => {
    running.child.stderr.on("data", () => running.output().includes("no call is in flight") && resolve());
  });
  running.child.kill("SIGUSR2");
  await printed;

  const file = join(folderOf(t), "x.cpuprofile");
  const args = ["profile", "--address", running.url, "--seconds", "1", "--out", file];
  const taken = await runCommand(args, { env: { RUNRPC_KEY: running.key } });
  assert.deepEqual(taken, { code: 0, stdout: `${file}\n`, stderr: "" });
  const text = readFileSync(file, "utf8");
  assert.ok(Array.isArray((JSON.parse(text) as { nodes: unknown }).nodes));
  const again = await runCommand(args, { env: { RUNRPC_KEY: running.key } });
  assert.equal(again.code, 2);
  assert.match(again.stderr, /x\.cpuprofile", which is there already/);
  assert.equal(readFileSync(file, "utf8"), text);

  const keyless = await runCommand([...args.slice(0, -1), join(folderOf(t), "keyless.cpuprofile")]);
  assert.equal(keyless.code, 1);
  assert.match(keyless.stderr, /^unauthenticated: .*\nGive a key with --key or RUNRPC_KEY\.\n$/);
  assert.equal(await running.stop(), 0);
});

it("profile of a server without debug mode says what to do, and leaves no file", async (t) => {
  const running = await serve(await makeFolder(t));
  t.after(() => running.child.kill("SIGKILL"));
  const { code, stderr } = await runCommand(["profile", "--address", running.url, "--seconds", "1"], {
    env: { RUNRPC_KEY: running.key },
  });
  assert.equal(code, 1);
  assert.match(stderr, /^unimplemented: .*\nThe server is not in debug mode: start it with --debug\.\n$/);
  for (const [args, text] of [
    [["--seconds", "0"], "1 to 300"],
    [["--seconds", "301"], "1 to 300"],
  ] as const) {
    const wrong = await runCommand(["profile", ...args]);
    assert.equal(wrong.code, 2);
    assert.ok(wrong.stderr.includes(text));
  }
});
