import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { commandOf } from "./contracts.ts";
import { readPackage } from "./settings.ts";

/** A command to run in the folder of a project. */
export interface Step {
  /** As a person would type it. */
  readonly words: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Makes the code of the contracts, by the project's own script where it has one. */
export function generateStep(folder: string): Step {
  const { scripts } = readPackage(folder);
  if (scripts.generate !== undefined) return script("generate");
  return { words: "npx buf generate", command: "npx", args: ["--no-install", "buf", "generate"] };
}

/** Writes the migration of a table that was changed; undefined where the project has no drizzle-kit that could. */
export function migrationStep(
  { folder, main }: { readonly folder: string; readonly main: string },
  name: string,
): Step | undefined {
  const { scripts } = readPackage(folder);
  if (scripts.migration !== undefined) return script("migration", "--name", name);
  const places = ["drizzle.config.ts", posix.join(posix.dirname(main), "services/drizzle.config.ts")];
  const config = places.find((place) => existsSync(join(folder, place)));
  if (config === undefined) return undefined;
  const args = ["runrpc", "migration", "--config", config, "--name", name];
  return { words: `npx ${args.join(" ")}`, command: "npx", args: ["--no-install", ...args] };
}

/** Formats files as the project does: those that were made, since the others keep every byte. */
export function formatStep(folder: string, files: readonly string[]): Step | undefined {
  const typescript = files.filter((file) => file.endsWith(".ts"));
  if (typescript.length === 0) return undefined;
  const { has } = readPackage(folder);
  if (has("@biomejs/biome")) return installed(folder, "biome", ["check", "--write", ...typescript]);
  if (has("prettier")) return installed(folder, "prettier", ["--write", ...typescript]);
  return undefined;
}

/**
 * Runs a step to its end, without a terminal.
 *
 * @throws Error with what it said, where it failed
 */
export async function runStep(folder: string, { words, command, args }: Step): Promise<void> {
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (code !== 0) throw new Error(`${words} failed: ${said.trim()}`);
}

function script(name: string, ...args: readonly string[]): Step {
  const rest = args.length > 0 ? ["--", ...args] : [];
  return {
    words: ["npm run", name, ...rest].join(" "),
    command: "npm",
    args: ["run", "--silent", name, ...rest],
  };
}

function installed(folder: string, name: string, args: readonly string[]): Step {
  return { words: `npx ${name} ${args.join(" ")}`, command: commandOf(folder, name), args };
}
