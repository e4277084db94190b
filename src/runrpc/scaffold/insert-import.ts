import type { Insertion } from "./edits.ts";
import { styleOf } from "./text-style.ts";

/** An import or re-export that a file has, by places in its text. */
export interface ImportStatement {
  readonly specifier: string;
  readonly start: number;
  readonly end: number;
}

/**
 * What to insert so that a file has `line`, which imports `specifier`: among the statements that it has, in the order of
 * their specifiers as biome sorts them where they are sorted, else behind the last one; before everything where there are
 * none. Nothing where the specifier is imported already.
 */
export function insertImport(
  text: string,
  statements: readonly ImportStatement[],
  { specifier, line }: { readonly specifier: string; readonly line: string },
): readonly Insertion[] {
  if (statements.some((statement) => statement.specifier === specifier)) return [];
  const { eol } = styleOf(text);
  const last = statements.at(-1);
  if (last === undefined) return [{ at: startOf(text), text: `${line}${eol}` }];
  const next = statements.find((statement) => comesBefore(specifier, statement.specifier));
  return next === undefined
    ? [{ at: last.end, text: eol + line }]
    : [{ at: next.start, text: `${line}${eol}` }];
}

/** Behind what has to come first: a byte order mark, and a line for the shell. */
function startOf(text: string): number {
  return /^\ufeff?(?:#![^\n]*\n)?/.exec(text)?.[0].length ?? 0;
}

/** Node's modules, then packages, then files: those that are far before those that are near. */
function comesBefore(one: string, other: string): boolean {
  const [first, second] = [rankOf(one), rankOf(other)];
  return first === second ? one < other : first < second;
}

function rankOf(specifier: string): number {
  if (specifier.startsWith("node:")) return 0;
  if (!specifier.startsWith(".")) return 1;
  // The more steps up, the earlier.
  return 100 - (specifier.match(/\.\.\//g)?.length ?? 0);
}
