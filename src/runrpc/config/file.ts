import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { ConfigError } from "./config-error.ts";
import type { ConfigOptions } from "./loaded-config.ts";

const defaultFile = "runrpc.yaml";

/** A file's name as it was given, and its content, parsed but not checked. */
export interface ConfigFile {
  readonly name: string;
  readonly data: unknown;
}

/**
 * Reads the configuration file, YAML or JSON (which is YAML too). Undefined when none is named and the default one is
 * not there.
 *
 * @throws ConfigError when a named file is missing, and when the file cannot be read or parsed.
 */
export function readConfigFile(options: ConfigOptions): ConfigFile | undefined {
  const named = options.file ?? (options.env?.RUNRPC_CONFIG || undefined);
  const name = named ?? defaultFile;
  const path = resolve(options.folder ?? ".", name);
  if (named === undefined && !existsSync(path)) return undefined;
  return { name, data: parseConfig(name, readText(name, path)) };
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOENT" ? "there is no such file" : `it cannot be read (${String(code ?? error)})`;
    throw new ConfigError([`config file ${name}: ${reason}`]);
  }
}

function parseConfig(name: string, text: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    // Only the first line: the rest is a drawing of the place, which the line and column already name.
    throw new ConfigError(
      document.errors.map(
        (error) => `config file ${name}: ${error.message.split("\n", 1)[0]?.replace(/:$/, "")}`,
      ),
    );
  }
  return document.toJS();
}
