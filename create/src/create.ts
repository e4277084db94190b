import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Template } from "../../src/runrpc/scaffold/template.ts";
import { type Arguments, helpText, readArguments, UsageError } from "./arguments.ts";
import { ask, type Choices, choicesOf, Interrupted } from "./ask.ts";
import { refuseFlagsOfNpm } from "./npm-flags.ts";
import { checkFolder, writeProject } from "./project.ts";
import { runtimeSpec } from "./runtime-spec.ts";
import { linkFromWorkspace } from "./workspace.ts";

/** Runs `create-runrpc` and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const template = readTemplate();
    const examples = Object.keys(template.examples);
    refuseFlagsOfNpm(process.env, args[0]);
    const asked = readArguments(args, examples);
    if (asked.help || asked.version) {
      process.stdout.write(asked.help ? helpText(examples) : `${template.version}\n`);
      return 0;
    }
    if (asked.folder !== undefined) checkFolder(asked.folder); // before any question
    const mayAsk = !asked.yes && !isCi() && process.stdin.isTTY === true && process.stdout.isTTY === true;
    const choices = mayAsk ? await ask(asked, examples) : choicesOf(asked);
    return make(template, choices, asked);
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function make(
  template: Template,
  { folder, example }: Choices,
  { runtime, install, git }: Arguments,
): number {
  const count = writeProject(template, example, folder, runtimeSpec(runtime ?? template.version));
  process.stdout.write(`${count} files are in ${folder} (example: ${example}).\n`);
  if (git) makeRepository(folder);
  const manager = managerOf(process.env);
  const isInstalled =
    install && installIn(folder, manager) && linkIn(folder) && run(folder, manager, "run", "generate");
  process.stdout.write(nextSteps(folder, example, isInstalled, manager));
  if (install && !isInstalled)
    process.stderr.write("error: the project is there, and not installed: see above\n");
  return install && !isInstalled ? 1 : 0;
}

/** None inside another repository, and none where there is no git: a project can do without. */
function makeRepository(folder: string): void {
  const isInside = spawnSync("git", ["rev-parse", "--is-inside-work-tree"], { cwd: folder }).status === 0;
  if (isInside) return;
  const { status } = spawnSync("git", ["init", "--quiet"], { cwd: folder, stdio: "ignore" });
  if (status !== 0) process.stdout.write("No git repository was made: git init did not work.\n");
}

type Manager = "npm" | "pnpm";

/** `pnpm create` means pnpm in the project as well. Yarn's shells and folders are not what the scripts are written for. */
function managerOf({ npm_config_user_agent: agent = "" }: NodeJS.ProcessEnv): Manager {
  return agent.startsWith("pnpm/") ? "pnpm" : "npm";
}

/** What the project itself runs on. */
const neededMajor = 24;

/** On an older Node npm warns of nearly every package, which is no news: the project brings the Node that they need. */
function installIn(folder: string, manager: Manager): boolean {
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return run(folder, manager, "install");
  process.stdout.write(
    `\nThis is Node ${process.version}. The project brings Node ${neededMajor} of its own, which its scripts run on.\n`,
  );
  return run(folder, manager, "install", "--loglevel=error");
}

/** Gives the project of a workspace the package where buf looks for it. False: that did not work. */
function linkIn(folder: string): boolean {
  const installed = linkFromWorkspace(folder);
  if (installed === undefined) return true;
  process.stdout.write(
    `\nThis is a workspace: npm has put runrpc into ${installed}, where buf does not look for its protos. package.json has a script \`prepare\` that links it.\n`,
  );
  return run(folder, "npm", "run", "prepare");
}

/** Runs a program in the project, and tells whether it ended well. */
function run(folder: string, program: string, ...args: string[]): boolean {
  process.stdout.write(`\n$ ${program} ${args.join(" ")}\n`);
  const isWindows = process.platform === "win32"; // there npm is a script of the shell
  const { status, error } = spawnSync(program, args, { cwd: folder, stdio: "inherit", shell: isWindows });
  if (error !== undefined) process.stderr.write(`error: ${program} does not start: ${error.message}\n`);
  return status === 0;
}

function nextSteps(folder: string, example: string, isInstalled: boolean, manager: Manager): string {
  const into = resolve(folder) === process.cwd() ? [] : [`  cd ${quoted(folder)}`];
  const first = isInstalled ? [] : [`  ${manager} install`, `  ${manager} run generate`];
  const call =
    example === "none"
      ? ["  npx runrpc add service parcels.v1.ParcelService"]
      : ["  npx runrpc call UserService/ListUsers '{}'    # with the key in RUNRPC_KEY"];
  return `${[
    "",
    "It is yours. Start it; it prints a key and lines to call it with:",
    "",
    ...into,
    ...first,
    `  ${manager} start`,
    "",
    "In another terminal:",
    "",
    "  curl http://localhost:50051/readyz",
    ...call,
    "",
  ].join("\n")}\n`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  const plain = path.startsWith("-") ? `./${path}` : path;
  return /^[\w./@-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}

function isCi(): boolean {
  const { CI = "" } = process.env;
  return CI !== "" && CI !== "false";
}

function readTemplate(): Template {
  const file = join(import.meta.dirname, "template.json");
  return JSON.parse(readFileSync(file, "utf8")) as Template; // made by this package's own build
}
