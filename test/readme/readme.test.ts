import assert from "node:assert/strict";
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { grpcurl } from "../wire/tools.ts";
import { optionsTable, readmeTable } from "./options-table.ts";
import { parseReadme, type Step } from "./steps.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

it("the README's table of options is the schema's", () => {
  assert.equal(readmeTable(), optionsTable());
});

describe("the first five minutes of the README, step by step, in a clone", () => {
  let clone: string;
  let port: number;
  let server: { readonly process: ChildProcess; readonly key: string | undefined };
  let key = "";

  before(async () => {
    clone = cloneTree();
    port = await freePort();
    server = await startServer(clone, port);
    key = server.key ?? "";
  });

  after(async () => {
    await stopServer(server.process);
    rmSync(clone, { recursive: true, force: true });
  });

  for (const [index, step] of parseReadme(readFileSync(join(root, "README.md"), "utf8")).entries()) {
    it(`step ${index + 1}: ${titleOf(step)}`, async (context) => {
      if (step.kind === "edit") return edit(clone, step);
      if (step.script.startsWith("npm ci")) return; // what `before` has done, with the modules that are here
      const { skip } = grpcurl();
      if (step.script.startsWith("grpcurl") && skip !== false) return context.skip(skip);
      if (step.restart) {
        await stopServer(server.process);
        server = await startServer(clone, port);
      }
      const { stdout } = await run("bash", ["-euc", step.script.replaceAll("50051", String(port))], {
        cwd: clone,
        env: { ...environment(), RUNRPC_KEY: key, RUNRPC_ADDRESS: `http://localhost:${port}` },
      });
      for (const text of step.prints) assert.ok(stdout.includes(text), `${text} is not in: ${stdout}`);
    });
  }
});

function titleOf(step: Step): string {
  return step.kind === "edit" ? `edit ${step.file}` : (step.script.split("\n")[0] ?? "");
}

/** What git would give a person who clones, and what is changed beside it; the installed modules are shared. */
function cloneTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-readme-"));
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
  });
  for (const file of files.toString().trim().split("\n")) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function edit(clone: string, step: Extract<Step, { kind: "edit" }>): void {
  const file = join(clone, step.file);
  const text = readFileSync(file, "utf8");
  if (step.anchor === undefined) {
    writeFileSync(file, `${text.trimEnd()}\n${step.text}`);
    return;
  }
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.includes(step.anchor?.text ?? ""));
  assert.notEqual(at, -1, `${step.file} has no line with ${step.anchor.text}`);
  lines.splice(step.anchor.place === "after" ? at + 1 : at, 0, step.text.trimEnd());
  writeFileSync(file, lines.join("\n"));
}

async function startServer(clone: string, port: number) {
  const child = spawn(process.execPath, ["src/launch.js", "serve"], {
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
  return { ...rest, PATH: `${join(root, "node_modules", ".bin")}:${dirname(grpcurl().path)}:${rest.PATH}` };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
