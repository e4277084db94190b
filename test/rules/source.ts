import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A file of the project, by its path from the top, with `/` in it. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** One import or re-export: of a package by its name, of a file of ours by its path from the top. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Nothing of it is there at run time. */
  readonly isType: boolean;
}

/** The files that a glob from the top finds. */
export function sources(pattern: string): readonly Source[] {
  const paths = globSync(pattern, { cwd: root }).sort();
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

const STATEMENT =
  /^(?:import|export)\s+(type\s)?[^;"]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** All imports of a file: static, dynamic, for their effect, and as re-exports. */
export function importsOf({ path, text }: Source): readonly Import[] {
  return [...text.matchAll(STATEMENT)].map(([statement, type, from, effect, dynamic]) => {
    const name = from ?? effect ?? dynamic ?? "";
    const isTypeOf = dynamic !== undefined && text.includes(`typeof ${statement}`);
    return {
      from: path,
      to: name.startsWith(".") ? relative(root, join(root, dirname(path), name)) : name,
      isType: type !== undefined || isTypeOf,
    };
  });
}
