// Makes the template of new projects from the files of this repository, so that no copy of them can rot: the application
// and its tests are byte for byte the ones that run here. What differs is in create/template.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Files, Template } from "../src/runrpc/scaffold/template.ts";

const root = join(import.meta.dirname, "..");

/** Names without a dot in front, as they are kept here, and those of a project. */
const renamed: Readonly<Record<string, string>> = {
  gitignore: ".gitignore",
  gitattributes: ".gitattributes",
  npmrc: ".npmrc",
};

/** The services that each choice of `--example` has. */
const choices: Readonly<Record<string, readonly string[]>> = {
  none: [],
  unary: ["users"],
  all: ["users", "events", "logs", "chat", "reports"],
};

/** The template, with the versions of this repository. */
export function makeTemplate(): Template {
  const { version } = manifest();
  const entries = Object.entries(choices).map(([name, services]) => [name, filesOf(name, services)]);
  return { version, examples: Object.fromEntries(entries) };
}

function filesOf(choice: string, services: readonly string[]): Files {
  const left = (choices.all ?? []).filter((name) => !services.includes(name));
  const app = ["src/main.ts", "src/worker.ts", "src/services/*.ts"].flatMap(textsAt);
  const own = services.flatMap((name) => [
    ...textsAt(`src/services/${name}/**/*.ts`),
    ...textsAt(`proto/${name}/**/*.proto`),
    ...textsAt(`test/services/${name}/**/*.ts`),
  ]);
  const fixture = services.length > 0 ? textsAt("test/services/fixture.ts") : [];
  const whole = left.length === 0 ? textsAt("src/services/migrations/**/*.{sql,json}") : [];
  const files: Record<string, string> = Object.fromEntries([
    ...app.map(([path, text]) => [path, left.reduce(without, text)] as const),
    ...[...own, ...fixture, ...whole].filter(([, text]) => !left.some((name) => refersTo(text, name))),
    ...kept("project"),
    ...kept(choice),
  ]);
  files["src/main.ts"] = withoutIdle(files["src/main.ts"] ?? "");
  // The folder has to be there, and git keeps no empty one.
  if (services.length === 0) files["src/services/migrations/.gitkeep"] = "";
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The lines of a file of the application that do not belong to a service; of a list on one line, the other names. */
function without(text: string, service: string): string {
  const isOwn = (line: string): boolean =>
    refersTo(line, service) ||
    line.includes(`queries.${service}`) ||
    new RegExp(`^\\s+${service}(: \\w+)?,$`).test(line); // in a list with a name a line
  return text
    .split("\n")
    .filter((line) => !isOwn(line))
    .map((line) => (/^export const modules.*\}/.test(line) ? withoutName(line, service) : line))
    .join("\n")
    .replace("modules = {\n};", "modules = {};")
    .trimStart();
}

function refersTo(text: string, service: string): boolean {
  return new RegExp(`[./]${service}/(table|queries|row|service|accounts|v1)`).test(text);
}

function withoutName(line: string, name: string): string {
  const [, before = "", names = "", after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(line) ?? [];
  const others = names.split(",").map((each) => each.trim());
  const rest = others.filter((each) => each !== "" && each.split(":")[0] !== name).join(", ");
  return `${before}${rest === "" ? "{}" : `{ ${rest} }`}${after}`;
}

/** An application without services has an empty list, and no use for what defines one; nor for parts that none of its services is made from. */
function withoutIdle(text: string): string {
  const used = text.replace(/(?<=services: \()\{ ([\w, ]+) \}/, (_, names: string) => {
    const left = names
      .split(", ")
      .filter((name) => (text.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1);
    return left.length === 0 ? "" : `{ ${left.join(", ")} }`;
  });
  if (used.includes("defineService(")) return used;
  return used.replace("{ defineApp, defineService }", "{ defineApp }").replace(/\[\s+\]/, "[]");
}

/** What is kept in create/template for a choice. */
function kept(choice: string): (readonly [path: string, text: string])[] {
  const folder = join(root, "create/template", choice);
  return globSync("**/*.*", { cwd: folder })
    .concat(Object.keys(renamed))
    .flatMap((path) => {
      const text = textIfThere(join(folder, path));
      return text === undefined ? [] : [[renamed[path] ?? path, withVersions(path, text)] as const];
    });
}

/** The versions of what a project shares with this repository: each is written once, in package.json at the top. */
function withVersions(path: string, text: string): string {
  if (path !== "package.json") return text;
  const { dependencies, devDependencies, optionalDependencies } = manifest();
  const versions: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies };
  return text.replace(/"([^"]+)": "clone"/g, (_, name: string) => {
    const version = versions[name];
    if (version === undefined) throw new Error(`package.json has no version of ${name} for the template`);
    return `"${name}": "${version}"`;
  });
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest; // our own
}

function textsAt(pattern: string): (readonly [path: string, text: string])[] {
  return globSync(pattern, { cwd: root }).map((path) => [path, readFileSync(join(root, path), "utf8")]);
}

function textIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
