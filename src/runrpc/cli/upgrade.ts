import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import {
  filesOfProject,
  isObject,
  isTemplate,
  isTemplateState,
  isTexts,
  type ProjectNames,
  stateFile,
  textOfState,
} from "../scaffold/template.ts";
import { unifiedDiff } from "../scaffold/unified-diff.ts";
import { type FileChange, planUpgrade } from "../scaffold/upgrade.ts";
import { type Io, usageError } from "./io.ts";

interface UpgradeFlags {
  readonly template?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `runrpc upgrade`: brings what a project has not edited up to date with the template. */
export function configure(command: Command, io: Io): void {
  command
    .option("--template <path>", "a template.json, or a folder with one (default: this package's own)")
    .option("--dry-run", "print what would change, and change nothing")
    .addHelpText("after", notes)
    .action((flags: UpgradeFlags) => upgrade(flags, io));
}

const notes = `
A file of the template that you have not edited is replaced. Beside one that you have edited the new text is written as
FILE.new, and the difference is printed. New files are added, what the template has no more is named, and a file that you have
deleted stays deleted. Migrations are never touched: after a change of a table, run npm run migration.

Examples:
  npm install --save-exact runrpc@latest && npx runrpc upgrade
  npx runrpc upgrade --dry-run

Exit codes: 0 the files are up to date, or lie beside yours; 2 there is no such project or template.
`;

function upgrade({ template: given, dryRun = false }: UpgradeFlags, io: Io): void {
  const folder = findProject(process.cwd());
  const old = readJson(join(folder, stateFile), isTemplateState);
  const template = readJson(templateFile(given), isTemplate);
  const files = Object.hasOwn(template.examples, old.example) ? template.examples[old.example] : undefined;
  if (files === undefined)
    throw usageError(`this template has no example ${old.example}, which ${stateFile} names`);
  const named = filesOfProject(files, namesOf(folder));
  const read = (path: string): string | undefined => {
    const file = join(folder, path);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  const { changes, state } = planUpgrade(old, template.version, named, read);
  for (const change of changes) io.stdout.write(textOf(change));
  const edited = changes.filter(({ kind }) => kind === "beside").length;
  const end = edited === 0 ? "" : `; take over from ${edited} .new what you want, and delete them`;
  io.stdout.write(
    `${dryRun ? "nothing was changed" : `up to date with the template ${template.version}`}${end}\n`,
  );
  if (dryRun) return;
  for (const change of changes) apply(folder, change);
  if (changes.some(({ kind, path }) => kind === "write" && path === "package.json"))
    io.stdout.write("Run `npm install`: package.json has other versions or scripts.\n");
  writeFileSync(join(folder, stateFile), textOfState(state));
}

function textOf(change: FileChange): string {
  const { kind, path } = change;
  if (kind === "write") return `${change.isNew ? "new     " : "replaced"}  ${path}\n`;
  if (kind === "gone") return `gone      ${path}: the template has it no more; it is yours to delete\n`;
  return `edited    ${path}: see ${path}.new\n${unifiedDiff(path, change.own, change.text)}`;
}

function apply(folder: string, change: FileChange): void {
  if (change.kind === "gone") return;
  const file = join(folder, change.kind === "beside" ? `${change.path}.new` : change.path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, change.text);
}

/** The nearest folder, upwards, that `create-runrpc` has made. */
function findProject(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, stateFile))) return at;
    if (at !== dirname(at)) continue;
    throw usageError(
      `there is no ${stateFile} in ${folder} or above: create-runrpc has not made this project`,
    );
  }
}

/** The built package has its template beside the code; a clone has none. */
function templateFile(given: string | undefined): string {
  const own = fileURLToPath(new URL("../../../template.json", import.meta.url));
  const path = given ?? own;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw usageError(`there is no template at ${path}: name one with --template`);
  return stats.isDirectory() ? join(path, "template.json") : path;
}

/** The project's own name, and where it gets the package. */
function namesOf(folder: string): ProjectNames {
  const { name = "my-app", dependencies = {} } = readJson(join(folder, "package.json"), isManifest);
  return { name, runtime: dependencies.runrpc ?? "*" };
}

interface ProjectManifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function isManifest(value: unknown): value is ProjectManifest {
  if (!isObject(value)) return false;
  const { name = "", dependencies = {} } = value;
  return typeof name === "string" && isTexts(dependencies);
}

/** @throws CommandFailure (usage) for a file that is not there, is not JSON or has something else in it. */
function readJson<T>(file: string, is: (value: unknown) => value is T): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw usageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (is(value)) return value;
  throw usageError(`${file} is JSON of another shape than create-runrpc and npm give it`);
}
