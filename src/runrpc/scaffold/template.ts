import { createHash } from "node:crypto";

/** The texts of files, by their paths with `/` from the top of a project. */
export type Files = Readonly<Record<string, string>>;

/** What new projects are made of: `create-runrpc` and this package carry it as one file, `template.json`. */
export interface Template {
  /** The version of the package that it was made for. */
  readonly version: string;
  /** The files of a project with these examples in it. */
  readonly examples: Readonly<Record<string, Files>>;
}

/** What a project is called, and where its npm gets the package. */
export interface ProjectNames {
  readonly name: string;
  /** Such as `0.1.0` or `file:../runrpc-0.1.0.tgz`. */
  readonly runtime: string;
}

/** What is kept of the template in a project: which one it was, and what its files were. */
export interface TemplateState {
  readonly template: string;
  readonly example: string;
  /** The SHA-256 of each file as the template had it. */
  readonly files: Readonly<Record<string, string>>;
}

/** The file of a project that holds its `TemplateState`. */
export const stateFile = ".runrpc.json";

/** The template's words for what each project has its own of. */
const ownName = "my-app";
const ownRuntime = '"runrpc": "runtime"';

/** The same in a project. */
const runtimeOf = /"runrpc": "(?:[^"\\]|\\.)*"/;

/** The files of a project, by their names in it. */
export function filesOfProject(files: Files, { name, runtime }: ProjectNames): Files {
  const withNames = (path: string, text: string): string => {
    if (path === "README.md") return text.replaceAll(ownName, () => name);
    if (path !== "package.json") return text;
    return text
      .replace(`"${ownName}"`, () => JSON.stringify(name))
      .replace(ownRuntime, () => `"runrpc": ${JSON.stringify(runtime)}`);
  };
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, withNames(path, text)]));
}

/**
 * What a project keeps of a template. Migrations are left out: from the first start on they are a database's history, and
 * no template's.
 */
export function stateOf(template: string, example: string, files: Files): TemplateState {
  const kept = Object.entries(files).filter(([path]) => !isMigration(path));
  return {
    template,
    example,
    files: Object.fromEntries(kept.map(([path, text]) => [path, hashOf(path, text)])),
  };
}

/** The text of the file that holds it. */
export function textOfState(state: TemplateState): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** Whether a file belongs to the history of a database. */
export function isMigration(path: string): boolean {
  return path.startsWith("src/services/migrations/");
}

/**
 * SHA-256 of a file, in hexadecimal digits. Line ends do not count: a checkout that turns them has edited nothing. Nor does, in
 * package.json, from where npm gets the package: who has installed a newer one has edited nothing.
 */
export function hashOf(path: string, text: string): string {
  const lines = text.replaceAll("\r\n", "\n");
  const counted = path === "package.json" ? lines.replace(runtimeOf, ownRuntime) : lines;
  return createHash("sha256").update(counted).digest("hex");
}

/** Whether a value that was read from a file is a template. */
export function isTemplate(value: unknown): value is Template {
  if (!isObject(value) || typeof value.version !== "string" || !isObject(value.examples)) return false;
  return Object.values(value.examples).every(isTexts);
}

/** Whether a value that was read from a file is what a project keeps of a template. */
export function isTemplateState(value: unknown): value is TemplateState {
  if (!isObject(value)) return false;
  return typeof value.template === "string" && typeof value.example === "string" && isTexts(value.files);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether all that an object has is text. */
export function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((text) => typeof text === "string");
}
