import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { cloneTree } from "../clone.ts";
import { grpcurl, toolFolder } from "../wire/tools.ts";
import { checkFile } from "./check-file.ts";
import type { Step } from "./steps.ts";

/** The top of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A script that takes longer hangs, in milliseconds. */
const MAX_SCRIPT_MS = 300_000;

/** A clone whose server runs, as a reader of the pages has it. */
export interface Clone {
  /** Does a step; gives why it was passed over, if it was. */
  do(step: Step): Promise<string | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How a clone is not as a reader's. */
export interface CloneOptions {
  /** `npx runrpc` starts the command without npm, which takes longer than most commands. Default: it is npm's. */
  readonly withoutNpx?: boolean;
}

/** Makes a clone and starts its server on a free port, which takes the place of 50051 in what is run. */
export async function makeClone({ withoutNpx = false }: CloneOptions = {}): Promise<Clone> {
  const folder = cloneTree();
  const shortcuts = mkdtempSync(join(tmpdir(), "runrpc-shortcuts-"));
  if (withoutNpx) writeFileSync(join(shortcuts, "npx"), npxOfRunrpc, { mode: 0o755 });
  const port = await freePort();
  let server = await startServer(folder, port);
  const { key = "" } = server;

  async function run({ script, prints, restart, needs }: Extract<Step, { kind: "run" }>) {
    if (script.startsWith("npm ci")) return; // what has been done, with the modules that are here
    const { PATH, ...others } = environment();
    const env: NodeJS.ProcessEnv = {
      ...others,
      PATH: `${shortcuts}${delimiter}${PATH}`,
      RUNRPC_KEY: key,
      RUNRPC_ADDRESS: `http://localhost:${port}`,
    };
    const program = needs ?? (script.startsWith("grpcurl ") ? "grpcurl" : undefined);
    if (program !== undefined && !isOnPath(program, env.PATH)) return `there is no ${program}: run .ci/tools`;
    if (restart) {
      await stopServer(server.process);
      server = await startServer(folder, port);
    }
    const stdout = await runScript(here(script, port), { cwd: folder, env });
    for (const text of prints) assert.ok(stdout.includes(text), `${text} is not in: ${stdout}`);
    return undefined;
  }

  return {
    async do(step) {
      if (step.kind === "run") return run(step);
      const file = join(folder, step.file);
      if (step.kind === "write") {
        checkFile(folder, step.file, step.text);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, here(step.text, port));
      } else {
        edit(file, step);
      }
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      await stopServer(server.process);
      for (const made of [folder, shortcuts]) rmSync(made, { recursive: true, force: true });
    },
  };
}

/** Gives what a script prints. What it has left running ends with it, as does what takes too long. */
async function runScript(
  script: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> {
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const endAll = (): boolean => endGroup(child.pid);
  const late = setTimeout(endAll, MAX_SCRIPT_MS);
  child.once("exit", endAll);
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  clearTimeout(late);
  assert.equal(code, 0, `ended with ${code ?? signal}: ${stderr}${stdout}`);
  return stdout;
}

function endGroup(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(-pid, "SIGKILL");
  } catch {
    return false; // nothing is left
  }
}

/** `npx runrpc …` in the clone's folder. */
const npxOfRunrpc = `#!/bin/sh
[ "$1" = runrpc ] || { echo "the pages call nothing but runrpc by npx, and not $1" >&2; exit 1; }
shift
exec node src/runrpc/launch.js "$@"
`;

/** A text of a page as it is for this clone: its port, and the command, which a clone has elsewhere than a project. */
function here(text: string, port: number): string {
  return text
    .replaceAll("50051", String(port))
    .replaceAll("node_modules/.bin/runrpc", "src/runrpc/launch.js");
}

/** What a step is, for the title of a test. */
export function titleOf(step: Step): string {
  return step.kind === "run" ? (step.script.split("\n")[0] ?? "") : `${step.kind} ${step.file}`;
}

function edit(file: string, { text: inserted, anchor }: Extract<Step, { kind: "edit" }>): void {
  const text = readFileSync(file, "utf8");
  if (anchor === undefined) {
    writeFileSync(file, `${text.trimEnd()}\n${inserted}`);
    return;
  }
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.includes(anchor.text));
  assert.notEqual(at, -1, `${file} has no line with ${anchor.text}`);
  lines.splice(anchor.place === "after" ? at + 1 : at, anchor.place === "over" ? 1 : 0, inserted.trimEnd());
  writeFileSync(file, lines.join("\n"));
}

async function startServer(clone: string, port: number) {
  const child = spawn(process.execPath, ["src/runrpc/launch.js", "serve"], {
    cwd: clone,
    env: { ...environment(), RUNRPC_PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.setEncoding("utf8");
  let text = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (/listens on .*\n/.test(text) && (!text.includes("was made") || text.includes("Try it"))) break;
  }
  child.stdout.resume();
  assert.match(text, /listens on /, "the server did not start");
  return { process: child, key: /rr_\w{8}_[\w-]{43}/.exec(text)?.[0] };
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

/** This process's environment, with the clone's commands first, and without what the test runner puts there. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...rest } = process.env;
  const path = [join(root, "node_modules/.bin"), dirname(grpcurl().path), toolFolder, rest.PATH, "/usr/sbin"];
  return { ...rest, PATH: path.filter(Boolean).join(delimiter) };
}

function isOnPath(program: string, path = ""): boolean {
  return path.split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/**
 * A port that nobody has, and that the system gives to nobody while the server starts again: one below those of outgoing
 * connections.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const probe = createServer().listen(port);
    const isFree = await once(probe, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
