import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** How a project makes code from protos. */
export interface ProtoSettings {
  /** The folders that imports of protos are relative to, inside of the project; a new contract goes into the first. */
  readonly roots: readonly string[];
  /** The folder of the generated TypeScript. */
  readonly gen: string;
}

/** Reads `buf.yaml` and `buf.gen.yaml`; what they do not say is `proto` and `gen`. */
export function readProtoSettings(folder: string): ProtoSettings {
  const modules = listOf(read(join(folder, "buf.yaml")), "modules").map(
    (module) => textOf(module, "path") ?? ".",
  );
  const roots = modules.length > 0 ? modules : [existsSync(join(folder, "proto")) ? "proto" : "."];
  const plugins = listOf(read(join(folder, "buf.gen.yaml")), "plugins");
  const own = plugins.find((plugin) => /protoc-gen-es\b|bufbuild\/es\b/.test(JSON.stringify(plugin)));
  const gen = textOf(own, "out");
  // What is installed is others', whatever its place in the list.
  const isInstalled = (root: string) => root.includes("node_modules");
  return {
    roots: [...roots.filter((root) => !isInstalled(root)), ...roots.filter(isInstalled)].map(trimmed),
    gen: trimmed(gen ?? "gen"),
  };
}

/** The scripts of a project's package.json, and whether it installs a package. */
export function readPackage(folder: string): {
  readonly scripts: Readonly<Record<string, string>>;
  readonly has: (name: string) => boolean;
} {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const {
    scripts = {},
    dependencies = {},
    devDependencies = {},
  } = parsed as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>; // npm does not install by a package.json of another shape
  return { scripts, has: (name) => name in dependencies || name in devDependencies };
}

/** What the project's formatter breaks, in characters; biome's and prettier's default where they are not told. */
export function lineWidthOf(folder: string): number {
  const files = ["biome.json", "biome.jsonc", ".prettierrc", ".prettierrc.json"].map((name) =>
    join(folder, name),
  );
  const text = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"));
  return Number(/["'](?:lineWidth|printWidth)["']\s*:\s*(\d+)/.exec(text.join("\n"))?.[1] ?? 80);
}

function read(file: string): unknown {
  return existsSync(file) ? parse(readFileSync(file, "utf8")) : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name]; // YAML's maps are objects
  return Array.isArray(list) ? list : [];
}

function textOf(value: unknown, name: string): string | undefined {
  const text = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name]; // YAML's maps are objects
  return typeof text === "string" ? text : undefined;
}

function trimmed(path: string): string {
  return path.replace(/^\.\/(?=.)/, "").replace(/\/+$/, "");
}
