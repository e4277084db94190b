import { type Files, hashOf, isMigration, stateOf, type TemplateState } from "./template.ts";

/** What becomes of one file of a project. */
export type FileChange =
  /** Not edited, or new in the template: it gets the template's text. */
  | { readonly kind: "write"; readonly path: string; readonly text: string; readonly isNew: boolean }
  /** Edited: the template's text goes beside it, into `FILE.new`. */
  | { readonly kind: "beside"; readonly path: string; readonly text: string; readonly own: string }
  /** The template has it no more. It is left where it is. */
  | { readonly kind: "gone"; readonly path: string };

/** What an upgrade does, and what the project remembers afterwards. */
export interface Upgrade {
  readonly changes: readonly FileChange[];
  readonly state: TemplateState;
}

/**
 * Compares three texts of each file: what the template had, by its hash, what it has, and what the project has. `read` gives
 * the last; undefined for a file that is not there. A file that was deleted stays deleted.
 */
export function planUpgrade(
  old: TemplateState,
  version: string,
  files: Files,
  read: (path: string) => string | undefined,
): Upgrade {
  const state = stateOf(version, old.example, files);
  const changes = Object.entries(files)
    .filter(([path]) => !isMigration(path))
    .flatMap(([path, text]) => changeOf(path, text, old.files[path], read(path)) ?? []);
  const gone = Object.keys(old.files).filter((path) => !(path in files) && read(path) !== undefined);
  return { changes: [...changes, ...gone.map((path) => ({ kind: "gone", path }) as const)], state };
}

function changeOf(
  path: string,
  text: string,
  oldHash: string | undefined,
  own: string | undefined,
): FileChange | undefined {
  if (own === undefined) {
    return oldHash === undefined ? { kind: "write", path, text, isNew: true } : undefined;
  }
  const [hash, ownHash] = [hashOf(path, text), hashOf(path, own)];
  if (ownHash === hash || oldHash === hash) return undefined; // it has it, or the template has nothing new to say
  if (ownHash === oldHash) return { kind: "write", path, text, isNew: false };
  return { kind: "beside", path, text, own };
}
