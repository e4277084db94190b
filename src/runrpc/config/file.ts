import { lstatSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { readTextFile } from "../read-text-file.ts";
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
  // A link that leads nowhere was meant to lead to a file.
  if (named === undefined && lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  return { name, data: parseConfig(name, readText(name, path)) };
}

function readText(name: string, path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") throw refused(name, "there is no such file");
    throw refused(name, code === undefined ? sentenceOf(error) : `it cannot be read (${String(code)})`);
  }
}

function parseConfig(name: string, text: string): unknown {
  try {
    const document = parseDocument(text);
    // A tag such as `!env` that means nothing here would leave its text as the value.
    const faults = [...document.errors, ...document.warnings];
    if (faults.length === 0) return document.toJS();
    throw refused(name, ...faults.slice(0, MAX_FAULTS).map(sentenceOf));
  } catch (error) {
    throw error instanceof ConfigError ? error : refused(name, sentenceOf(error));
  }
}

/** One fault may have thousands follow it. */
const MAX_FAULTS = 10;

/** Only the first line: the rest is a drawing of the place, which the line and column already name. */
function sentenceOf(error: unknown): string {
  const [first = ""] = String(error instanceof Error ? error.message : error).split("\n", 1);
  // The parser's stack goes as deep as the file does.
  return first
    .replace("Maximum call stack size exceeded", "it is nested too deep")
    .replace(/:$/, "")
    .slice(0, MAX_SENTENCE);
}

/** What the parser quotes of the file may be as long as that, in characters. */
const MAX_SENTENCE = 300;

function refused(name: string, ...faults: readonly string[]): ConfigError {
  return new ConfigError(faults.map((fault) => `config file ${name}: ${fault}`));
}
