import type { Import } from "../source.ts";

/** Who may import whom. `{own}` stands for the folder that the file is in. */
export interface Rule {
  readonly files: string;
  /** The end of a sentence that is told to who breaks it. */
  readonly why: string;
  /** What may be imported, packages too. */
  readonly allowed: readonly RegExp[];
  /** What may be imported as types, besides. */
  readonly types?: readonly RegExp[];
}

export function isAllowed({ from, to, isType }: Import, { allowed, types = [] }: Rule): boolean {
  const own = from.split("/").at(-2) ?? "";
  const patterns = isType ? [...allowed, ...types] : allowed;
  return patterns.some(({ source }) => new RegExp(source.replace("{own}", own)).test(to));
}

/** What is told to who broke a rule. */
export function sentenceOf({ from, to, isType }: Import, { why, allowed, types = [] }: Rule): string {
  const mayBeType = !isType && isAllowed({ from, to, isType: true }, { files: "", why, allowed, types });
  const way = mayBeType ? " It may as a type: `import type`." : "";
  return `${from} may not import ${to}: ${why}.${way}`;
}
