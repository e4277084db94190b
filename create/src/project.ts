import { lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  filesOfProject,
  stateFile,
  stateOf,
  type Template,
  textOfState,
} from "../../src/runrpc/scaffold/template.ts";
import { UsageError } from "./arguments.ts";

/** The longest name that npm takes. */
const maxNameLength = 214;

/** Writes the files of a project, and gives their number. The folder is made, or is there and empty. */
export function writeProject(template: Template, example: string, folder: string, runtime: string): number {
  const isNew = checkFolder(folder);
  const files = filesOfProject(template.examples[example] ?? {}, { name: nameOf(folder), runtime });
  const state = textOfState(stateOf(template.version, example, files));
  const all = Object.entries({ ...files, [stateFile]: state });
  try {
    for (const [path, text] of all) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { flag: "wx" });
    }
  } catch (error) {
    // Half a project is of no use; and another try would find the folder not empty.
    for (const path of isNew ? [folder] : contentsOf(folder).map((name) => join(folder, name)))
      rmSync(path, { recursive: true, force: true });
    throw error;
  }
  return all.length;
}

/**
 * Whether the folder is not there yet.
 * @throws UsageError for a folder that holds more than a new git repository.
 */
export function checkFolder(folder: string): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) {
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return true;
    throw new UsageError(`${folder} is a link to what is not there`);
  }
  if (!stats.isDirectory()) throw new UsageError(`${folder} is there and is no folder`);
  const [first, ...others] = contentsOf(folder);
  if (first === undefined) return false;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  throw new UsageError(`${folder} is not empty: it has ${first}${more}. Name another folder`);
}

/** What is in a folder besides a git repository. */
function contentsOf(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name !== ".git");
}

/**
 * The name of a package from that of a folder, in the letters that npm takes. `@acme/parcels`, as it is typed for a package of
 * a scope, is its name whole.
 */
function nameOf(folder: string): string {
  if (/^@[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/.test(folder)) return folder.slice(0, maxNameLength);
  const letters = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-");
  const name = letters.replace(/^[._-]+|-+$/g, "").slice(0, maxNameLength);
  return name === "" ? "my-app" : name;
}
