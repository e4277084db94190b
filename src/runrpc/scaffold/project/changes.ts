import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Insertion, insert } from "../edits.ts";
import { unifiedDiff } from "../unified-diff.ts";
import { readText } from "./typescript.ts";

/** The changes of one command to the files of a project: all are made before any is written. */
export interface Changes {
  /** Paths inside of the project, in their order. */
  readonly paths: readonly string[];
  /** Those of files that are made. */
  readonly created: readonly string[];
  /** Texts by absolute paths, for who reads the project as if they were written. */
  readonly overlay: ReadonlyMap<string, string>;
  /** The text of a file with what was changed so far; undefined where there is none. */
  textOf(path: string): string | undefined;
  /** A new file. Nothing where there is a file of this name. */
  create(path: string, text: string): void;
  /**
   * Insertions into a file that is there, by places in what it is on the disk, whatever was inserted before: what is to be inserted twice
   * at one place, as an import that two services of a file need, is inserted once. Nothing where there are none.
   */
  edit(path: string, insertions: readonly Insertion[]): void;
  /** As `git diff` writes them. */
  diff(): string;
  /**
   * Writes all, or none where one cannot be written.
   *
   * @throws Error for a file that was changed since it was read
   */
  write(): void;
}

/** What becomes of one file; `before` is undefined for one that is made. */
interface Change {
  readonly before: string | undefined;
  readonly after: string;
  readonly insertions: readonly Insertion[];
}

/** No changes yet to the project in a folder. */
export function createChanges(folder: string): Changes {
  const changes = new Map<string, Change>();
  const original = (path: string) => {
    const file = join(folder, path);
    return existsSync(file) ? readText(file) : undefined;
  };
  return {
    get paths() {
      return [...changes.keys()];
    },
    get created() {
      return [...changes].filter(([, { before }]) => before === undefined).map(([path]) => path);
    },
    get overlay() {
      return new Map([...changes].map(([path, { after }]) => [join(folder, path), after]));
    },
    textOf: (path) => changes.get(path)?.after ?? original(path),
    create(path, text) {
      if (changes.has(path) || existsSync(join(folder, path))) return;
      changes.set(path, { before: undefined, after: text, insertions: [] });
    },
    edit(path, insertions) {
      if (insertions.length === 0) return;
      const known = changes.get(path);
      const before = known?.before ?? original(path);
      if (before === undefined) throw new Error(`there is no file ${path}`);
      const earlier = known?.insertions ?? [];
      const isNew = ({ at, text }: Insertion) => !earlier.some((one) => one.at === at && one.text === text);
      const all = [...earlier, ...insertions.filter(isNew)];
      changes.set(path, { before, after: insert(before, all), insertions: all });
    },
    diff: () => [...changes].map(([path, { before, after }]) => unifiedDiff(path, before, after)).join(""),
    write() {
      for (const [path, { before }] of changes) {
        if (original(path) !== before)
          throw new Error(`${path} was changed by somebody else: run this again`);
      }
      const written: string[] = [];
      try {
        for (const [path, { after }] of changes) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          written.push(path);
          writeFileSync(join(folder, path), after);
        }
      } catch (error) {
        for (const path of written) restore(join(folder, path), changes.get(path)?.before);
        throw error;
      }
    },
  };
}

/** What was there before. A file that cannot be written was not changed either. */
function restore(file: string, before: string | undefined): void {
  try {
    if (before === undefined) rmSync(file, { force: true });
    else if (readFileSync(file, "utf8") !== before) writeFileSync(file, before);
  } catch {
    // The first error is what the person needs to know.
  }
}
