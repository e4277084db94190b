import type { Insertion } from "./edits.ts";
import { type ImportStatement, insertImport } from "./insert-import.ts";
import { type Braces, insertMembers } from "./insert-members.ts";
import { beginsLine, indentAt, styleOf } from "./text-style.ts";

/** An import of values by their names, `import { a, type B } from "c"`, by places in its text. */
export interface NamedImport extends ImportStatement {
  /** Undefined for one of types alone, of a namespace or for its effects. */
  readonly names: ImportedNames | undefined;
}

/** The braces of an import, and the names in them. */
export interface ImportedNames extends Braces {
  readonly members: readonly {
    readonly imported: string;
    readonly local: string;
    readonly isType: boolean;
    readonly start: number;
    readonly end: number;
  }[];
}

/** What gives a file a name, and what it is called there. */
export interface NameInsertion {
  readonly insertions: readonly Insertion[];
  readonly local: string;
}

/** A value to import. */
export interface WantedName {
  readonly specifier: string;
  readonly name: string;
  readonly other: string;
  readonly lineWidth: number;
}

/**
 * What to insert so that a file has the value `name` of `specifier`: into the import that it has, among its names, else as
 * an import of its own. Nothing where it is imported. Where the file has something else of that name, it is imported as
 * `other`. A line that would get longer than `lineWidth` is broken up where that only takes insertions, else left.
 */
export function insertName(
  text: string,
  statements: readonly NamedImport[],
  { specifier, name, other, lineWidth }: WantedName,
): NameInsertion {
  const own = statements.filter((statement) => statement.specifier === specifier);
  for (const { names } of own) {
    const found = names?.members.find(({ imported, isType }) => imported === name && !isType);
    if (found !== undefined) return { insertions: [], local: found.local };
  }
  const isTaken = new RegExp(`(?<![\\w$."'])${name}(?![\\w$"'])`).test(text);
  const local = isTaken ? other : name;
  const written = isTaken ? `${name} as ${other}` : name;
  for (const { names } of own) {
    if (names === undefined || names.members.length === 0) continue;
    const insertions = amongNames(text, names, name, written, lineWidth);
    if (insertions !== undefined) return { insertions, local };
  }
  const line = `import { ${written} } from "${specifier}";`;
  const others = statements.filter((statement) => statement.specifier !== specifier);
  const last = own.at(-1);
  return {
    insertions:
      last === undefined
        ? insertImport(text, others, { specifier, line })
        : [{ at: last.end, text: styleOf(text).eol + line }],
    local,
  };
}

/** The name in the order of the alphabet; undefined where it makes a line too long that cannot be broken up. */
function amongNames(
  text: string,
  names: ImportedNames,
  name: string,
  written: string,
  lineWidth: number,
): readonly Insertion[] | undefined {
  const key = (other: string) => other.toLowerCase();
  const next = names.members.find(({ imported }) => key(imported) > key(name));
  const near = next ?? names.members.at(-1);
  if (near === undefined) return undefined;
  if (beginsLine(text, near.start)) {
    const lineBreak = styleOf(text).eol + indentAt(text, near.start);
    return next === undefined
      ? [{ at: near.end, text: `,${lineBreak}${written}` }]
      : [{ at: next.start, text: `${written},${lineBreak}` }];
  }
  if (next === undefined) return insertMembers(text, names, [written], { lineWidth });
  const lineStart = text.lastIndexOf("\n", near.start) + 1;
  const rest = /\r?\n|$/.exec(text.slice(near.start))?.index ?? 0;
  if (near.start + rest - lineStart + written.length + 2 > lineWidth) return undefined;
  return [{ at: next.start, text: `${written}, ` }];
}
