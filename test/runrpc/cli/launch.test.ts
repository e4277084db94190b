import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, it } from "node:test";
import { launchEnvironment } from "../../wire/launch-environment.ts";

/** Makes this Node say that it is an older one, without the child that the launcher starts hearing of it. */
const pretendOld =
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})";
const launcher = new URL("../../../src/runrpc/launch.js", import.meta.url);
const packageName = `node-${process.platform}-${process.arch}`;

/** A package of its own: the launcher beside a command, and maybe a newer Node. */
function install(cli: string, newerNode: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-launch-"));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "src/runrpc/cli"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  cpSync(launcher, join(folder, "src/runrpc/launch.js"));
  writeFileSync(join(folder, "src/runrpc/cli/cli.ts"), cli);
  if (newerNode !== undefined) {
    const bin = join(folder, "node_modules", packageName, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "node"), `#!/bin/sh\n${newerNode} "${process.execPath}" "$@"\n`, { mode: 0o755 });
  }
  return join(folder, "src/runrpc/launch.js");
}

function launch(script: string, ...args: string[]) {
  return spawn(process.execPath, ["--import", pretendOld, script, ...args]);
}

it("an older Node hands over to the one that npm installed, with arguments, streams and exit code", async () => {
  const cli =
    "export async function main(argv: string[]) { console.log(argv.slice(2).join('|')); return 7; }";
  const child = launch(install(cli, "exec"), "a b", "c");
  const [[code], stdout] = await Promise.all([once(child, "close"), text(child.stdout)]);
  assert.deepEqual([code, stdout], [7, "a b|c\n"]);
});

/** A clone's application imports the package by its name; this leads to the sources. */
const condition = "--conditions=runrpc-source";

const printsEnvironment =
  "export async function main() { console.log(process.pid, process.execArgv.join('|'), process.env.MALLOC_ARENA_MAX, process.env.MALLOC_MMAP_THRESHOLD_, process.env.MALLOC_TRIM_THRESHOLD_); return 0; }";

/** What the command printed: whether it runs in the process that was started, its flags, and its number of heaps. */
async function environmentOf(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  flags = ["--no-warnings"],
) {
  const {
    MALLOC_ARENA_MAX: _arenas,
    MALLOC_MMAP_THRESHOLD_: _mmap,
    MALLOC_TRIM_THRESHOLD_: _trim,
    ...outer
  } = process.env;
  const script = install(printsEnvironment, "exec");
  const child = spawn(process.execPath, [...flags, script, ...args], { env: { ...outer, ...env } });
  const [pid, flag, arenas, largeBytes, freeBytes] = (await text(child.stdout)).trim().split(" ");
  return { isSame: Number(pid) === child.pid, flag, arenas, largeBytes, freeBytes };
}

it("a server has one heap for all of its threads, in the process that was started and with its flags", async () => {
  const isLinux = process.platform === "linux";
  assert.deepEqual(await environmentOf(["serve", "--port", "0"]), {
    isSame: true,
    flag: isLinux ? `--max-semi-space-size=16|${condition}|--no-warnings` : `${condition}|--no-warnings`,
    arenas: isLinux ? "1" : "undefined",
    largeBytes: isLinux ? "2097152" : "undefined",
    freeBytes: isLinux ? "4194304" : "undefined",
  });
  const old = await environmentOf(["serve"], {}, ["--import", pretendOld]);
  assert.deepEqual([old.arenas, old.flag], ["1", `--max-semi-space-size=16|${condition}`]);
});

it("servers that tests and benchmarks start without it have the same environment", async () => {
  if (process.platform !== "linux") return;
  const { arenas, largeBytes, freeBytes } = await environmentOf(["serve"]);
  assert.deepEqual(Object.values(launchEnvironment), [arenas, largeBytes, freeBytes]);
});

it("the number of heaps that the environment asks for stays, and other commands are left alone", async () => {
  assert.equal((await environmentOf(["serve"], { MALLOC_ARENA_MAX: "4" })).arenas, "4");
  assert.equal((await environmentOf(["call"])).arenas, "undefined");
});

it("passes signals on, and ends with the code of the child", async () => {
  const cli = `export function main() {
    const timer = setInterval(() => {}, 1000);
    return new Promise((resolve) => {
      process.on("SIGTERM", () => { clearInterval(timer); resolve(9); });
      console.log("ready");
    });
  }`;
  const child = launch(install(cli, "exec"));
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  assert.equal(code, 9);
});

it("a child that a signal ended gives 128 and its number", async () => {
  const child = launch(
    install("export const main = () => { process.kill(process.pid, 'SIGKILL'); };", "exec"),
  );
  const [code] = await once(child, "close");
  assert.equal(code, 137);
});

it("without a newer Node it says what to install and ends with 1", async () => {
  const child = launch(install("", undefined));
  const [[code], stderr] = await Promise.all([once(child, "close"), text(child.stderr)]);
  assert.equal(code, 1);
  assert.match(stderr, /needs Node 24 or later/);
  assert.ok(stderr.includes(packageName), stderr);
});
