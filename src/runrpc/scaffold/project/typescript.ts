import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as is from "typescript/unstable/ast/is";
import type * as sync from "typescript/unstable/sync";

/** A project as TypeScript sees it. Whoever opens it disposes of it: a process of the compiler belongs to it. */
export interface TypeScriptProject extends Disposable {
  readonly program: sync.Program;
  readonly checker: sync.Checker;
  /** What the compiler's API exports: its flags. */
  readonly api: typeof sync;
  readonly is: typeof is;
  /** The project's own files, absolute, without what is installed. */
  readonly files: readonly string[];
  /**
   * The text of a file as it is on the disk, with its byte order mark.
   *
   * @throws Error where it is not UTF-8
   */
  textOf(file: string): string;
}

/**
 * Opens the TypeScript project of a folder by the compiler that is installed there.
 *
 * @param overlay texts that stand for those of files, by their absolute paths, also of files that do not exist
 * @param alone files that are parsed and no more: nothing that they import is read, so that they have no types
 * @throws Error that says what to install, or which file is missing
 */
export async function openTypeScript(
  folder: string,
  overlay: ReadonlyMap<string, string> = new Map(),
  alone?: readonly string[],
): Promise<TypeScriptProject> {
  const configuration = join(folder, alone === undefined ? "tsconfig.json" : "tsconfig.parsed-alone.json");
  if (alone === undefined && !existsSync(configuration))
    throw new Error(`there is no tsconfig.json in ${folder}`);
  const texts = alone === undefined ? overlay : new Map([...overlay, [configuration, parsing(alone)]]);
  const { api, is: isModule } = await loadCompiler(folder);
  const session = new api.API(texts.size === 0 ? { cwd: folder } : { cwd: folder, fs: withOverlay(texts) });
  try {
    const [project] = session.updateSnapshot({ openProjects: [configuration] }).getProjects();
    if (project === undefined) throw new Error(`TypeScript does not open ${configuration}`);
    const { program, checker } = project;
    return {
      program,
      checker,
      api,
      is: isModule,
      files: program.getSourceFileNames().filter((file) => isOwn(file, folder)),
      textOf: (file) => overlay.get(file) ?? readText(file),
      [Symbol.dispose]: () => end(session),
    };
  } catch (error) {
    end(session);
    throw error;
  }
}

/** A configuration under which files are parsed, and nothing else is looked for. */
function parsing(files: readonly string[]): string {
  return JSON.stringify({ compilerOptions: { noResolve: true, noLib: true, types: [] }, files });
}

/** `close` alone sends SIGTERM, at which the compiler writes "context canceled" to our standard error. */
function end(session: sync.API): void {
  // The compiler's process is private to its API; where it is kept elsewhere, there is one line more to read.
  const { client } = session as unknown as { client?: { channel?: { child?: ChildProcess } } };
  const child = client?.channel?.child;
  if (child !== undefined) {
    const kill = child.kill.bind(child);
    child.kill = () => kill("SIGKILL");
  }
  session.close();
}

/** What is used of the compiler. Its API has no stable place yet. */
async function loadCompiler(folder: string) {
  const require = createRequire(join(folder, "package.json"));
  const load = async <T>(name: string): Promise<T> => {
    const place = require.resolve(name);
    return (await import(pathToFileURL(place).href)) as T; // the types are those of the same place in the pinned version
  };
  try {
    return {
      api: await load<typeof sync>("typescript/unstable/sync"),
      is: await load<typeof is>("typescript/unstable/ast/is"),
    };
  } catch (cause) {
    throw new Error(
      `this needs TypeScript 7 in ${folder}, whose API says what a file means: npm install --save-dev typescript@7.0.2`,
      { cause },
    );
  }
}

/** The text of a file with its byte order mark. @throws Error where it is not UTF-8 */
export function readText(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (cause) {
    if (cause instanceof TypeError) throw new Error(`${file} is not UTF-8`, { cause });
    throw cause;
  }
}

function isOwn(file: string, folder: string): boolean {
  return file.startsWith(`${folder}/`) && !file.includes("/node_modules/");
}

/** The file system with other texts for some files. */
function withOverlay(overlay: ReadonlyMap<string, string>) {
  const paths = [...overlay.keys()];
  const folders = new Set(paths.flatMap(foldersAbove));
  return {
    readFile: (name: string) => overlay.get(name),
    fileExists: (name: string) => (overlay.has(name) ? true : undefined),
    directoryExists: (name: string) => (folders.has(name) ? true : undefined),
    getAccessibleEntries(name: string) {
      if (!folders.has(name)) return undefined;
      const known = existsSync(name) ? readdirSync(name) : [];
      const added = [...paths, ...folders]
        .filter((path) => dirname(path) === name)
        .map((path) => path.slice(name.length + 1));
      const all = [...new Set([...known, ...added])];
      const isFolder = (entry: string) => folders.has(join(name, entry)) || isDirectory(join(name, entry));
      return { files: all.filter((entry) => !isFolder(entry)), directories: all.filter(isFolder) };
    },
  };
}

function foldersAbove(path: string): readonly string[] {
  const above: string[] = [];
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) above.push(at);
  return above;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
