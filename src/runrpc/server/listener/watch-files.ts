import { type FSWatcher, lstatSync, readlinkSync, watch } from "node:fs";
import { join, parse, resolve, sep } from "node:path";

/** Events that come together are told as one, this long after the first, in milliseconds: files are replaced in pairs. */
const SETTLE_MS = 100;

/** A symbolic link that leads in a circle is followed no further. */
const MAX_LINKS = 40;

/**
 * Calls `changed` when one of the files may be another: it was written to, replaced by a rename, or a symbolic link on
 * the way to it was turned, as Kubernetes does with the files of a secret (`tls.crt → ..data/tls.crt`, and `..data` is
 * turned). Folders are watched, because a watch on a file is lost with it. A file system that tells of no changes, such
 * as NFS, needs another sign. It keeps no process alive.
 */
export function watchFiles(files: readonly string[], changed: () => void): { close(): void } {
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [...namesOnTheWay(files)].flatMap(([folder, names]) => watchFolder(folder, names, touched));
  };
  const touched = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      look(); // links may lead elsewhere
      changed();
    }, SETTLE_MS).unref();
  };
  look();
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function watchFolder(folder: string, names: ReadonlySet<string>, touched: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || names.has(name)) touched();
    });
    watcher.on("error", touched); // the folder is gone, and may come back
    return [watcher];
  } catch {
    return []; // not there, or the system has no more watches
  }
}

/** The folders in which a name on the way to a file may be turned or replaced, with these names. */
function namesOnTheWay(files: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of files) {
    let path = resolve(file);
    for (let links = 0; links < MAX_LINKS; links++) {
      const link = firstLink(path, (folder, name) => {
        const names = found.get(folder) ?? new Set();
        found.set(folder, names.add(name));
      });
      if (link === undefined) break;
      path = link;
    }
  }
  return found;
}

/**
 * Walks a path down to its first symbolic link, and gives the path with this link resolved; undefined where there is none.
 * Names that are links, the file's own and the first that is missing are told.
 */
function firstLink(path: string, tell: (folder: string, name: string) => void): string | undefined {
  const { root } = parse(path);
  const names = path.slice(root.length).split(sep);
  let folder = root;
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    const target = targetOf(join(folder, name));
    if (isLast || target !== null) tell(folder, name);
    if (target === undefined) return undefined;
    if (target !== null) return join(resolve(folder, target), ...names.slice(index + 1));
    folder = join(folder, name);
  }
  return undefined;
}

/** Where a link leads; null for what is no link, undefined for what is not there or cannot be looked at, as while it is turned. */
function targetOf(path: string): string | null | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isSymbolicLink() ? readlinkSync(path) : stats && null;
  } catch {
    return undefined;
  }
}
