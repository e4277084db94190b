import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { AppDefinition } from "../app/define-app.ts";
import { importApp } from "../app/import-app.ts";
import type { App } from "../app/start-app.ts";
import { usageError } from "./io.ts";

/** What is told of a server that has just started. */
export type StartedApp = Pick<
  App,
  "url" | "created" | "database" | "developmentKey" | "services" | "exampleMethod" | "pageLink" | "skeletons"
> & {
  /** How many processes serve; undefined where it is one. */
  readonly workers?: number;
};

/** Where a project's application is when its package.json does not say. */
const usualPlaces = ["src/main.ts", "src/main.js"];

/** Imports the application that `findApp` finds. @throws CommandFailure that says where it was looked for, or what it lacks */
export async function loadApp(main: string = findApp()): Promise<AppDefinition> {
  const definition = await importApp(main);
  if (definition === undefined)
    throw usageError(
      `${main} does not export an application: it needs \`export default defineApp({ ... })\``,
    );
  return definition;
}

/**
 * The file of the application of the project that the working directory belongs to: the one that `runrpc.main` in its
 * package.json names, else `src/main.ts`. In a clone of this repository, wherever the command is called, its own.
 *
 * @throws CommandFailure that says where an application was looked for.
 */
export function findApp(folder: string = process.cwd()): string {
  const project = projectOf(folder);
  const own = fileURLToPath(new URL("../../../", import.meta.url));
  const main =
    (project && mainOf(project)) ?? (existsSync(join(own, "src/runrpc")) ? mainOf(own) : undefined);
  if (main === undefined) {
    throw usageError(
      `there is no application in ${project ?? folder}: name its file as "runrpc": { "main": "..." } in package.json, or put it at src/main.ts`,
    );
  }
  return main;
}

/**
 * The project that a folder belongs to, and the file of its application in it.
 *
 * @throws CommandFailure that says where they were looked for
 */
export function findProject(folder: string = process.cwd()): {
  readonly folder: string;
  readonly main: string;
} {
  const project = projectOf(folder);
  const main = project && mainOf(project);
  if (project === undefined || main === undefined) {
    throw usageError(
      `there is no application in ${project ?? folder}: run this in a project that has one, at src/main.ts or where "runrpc.main" in package.json says`,
    );
  }
  if (!main.endsWith(".ts")) throw usageError(`${main} is no TypeScript: this writes TypeScript alone`);
  return { folder: project, main: relative(project, main) };
}

/** The nearest folder, upwards, with a package.json. */
function projectOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (at === dirname(at)) return undefined;
  }
}

function mainOf(project: string): string | undefined {
  const named = namedMainOf(join(project, "package.json"));
  if (named === undefined) return usualPlaces.map((place) => join(project, place)).find(existsSync);
  const file = join(project, named);
  if (!existsSync(file)) {
    throw usageError(`package.json in ${project} names ${named} as "runrpc.main", and there is no such file`);
  }
  return file;
}

function namedMainOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw usageError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { runrpc } = (parsed ?? {}) as { runrpc?: { main?: unknown } };
  const main = runrpc?.main;
  if (main === undefined || typeof main === "string") return main;
  throw usageError(`"runrpc.main" in ${file} is ${JSON.stringify(main)}, and should be the name of a file`);
}
