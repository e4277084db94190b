import { join } from "node:path";
import type { Changes } from "./changes.ts";
import { formatStep, runStep, type Step } from "./steps.ts";
import { openTypeScript } from "./typescript.ts";

/** Where a project is. */
export interface ProjectPlace {
  /** The folder of its package.json, absolute. */
  readonly folder: string;
  /** The file that exports its application, inside of the folder: `src/main.ts`. */
  readonly main: string;
}

/** What a command is about to do. Nothing of it is done yet. */
export interface Plan {
  readonly changes: Changes;
  /** What runs after the files are written. */
  readonly steps: readonly Step[];
  /** What a person does next, a line each. */
  readonly next: readonly string[];
}

/**
 * What a command could not do by itself: where the project is written in a way that leaves it unsure. Its message says what
 * to write and where.
 */
export class Unsure extends Error {
  override readonly name = "Unsure";

  constructor(reasons: readonly string[], advice: readonly string[]) {
    super(`nothing was changed: ${reasons.join("; ")}. Write it yourself:\n\n${advice.join("\n\n")}`);
  }
}

/** One thing to write by hand: where, and the text. */
export function advise(where: string, text: string): string {
  const lines = text.split("\n").map((line) => (line === "" ? "" : `    ${line}`));
  return `  ${where}:\n${lines.join("\n")}`;
}

/**
 * Reads the changed TypeScript again as if it were written.
 *
 * @throws Error for a file that would not parse
 */
export async function checkParses(folder: string, changes: Changes): Promise<void> {
  const paths = changes.paths.filter((name) => /\.[cm]?ts$/.test(name));
  if (paths.length === 0) return;
  const alone = paths.map((path) => join(folder, path));
  using typescript = await openTypeScript(folder, changes.overlay, alone);
  for (const path of paths) {
    const [problem] = typescript.program.getSyntacticDiagnostics(join(folder, path));
    if (problem !== undefined) throw new Error(`${path} would not parse: ${problem.text}`);
  }
}

/**
 * Does what was planned.
 *
 * @param say takes a line for each thing that was done
 * @throws Error for a step that failed; what is written stays, and the message says which steps are left
 */
export async function carryOut(
  folder: string,
  { changes, steps }: Plan,
  say: (line: string) => void,
): Promise<void> {
  const { created, paths } = changes;
  changes.write();
  for (const path of paths) say(`${created.includes(path) ? "made" : "inserted into"}  ${path}`);
  const format = formatStep(folder, created);
  const all = [...steps, ...(format === undefined ? [] : [format])];
  for (const [index, step] of all.entries()) {
    try {
      await runStep(folder, step);
    } catch (cause) {
      const left = all.slice(index).map(({ words }) => words);
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${message}\nThe files are written. Still to run: ${left.join("; ")}`, { cause });
    }
    say(`ran  ${step.words}`);
  }
}
