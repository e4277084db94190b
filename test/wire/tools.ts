import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

/** Where `.ci/run` puts what is no npm package. */
const cache = join(root, "node_modules/.cache/runrpc");

/** A program that tests need and npm does not bring, or why there is none. */
export type Tool =
  | { readonly path: string; readonly skip: false }
  | { readonly path: ""; readonly skip: string };

/** Python with grpcio and grpcio-tools: the interpreter that TEST_PYTHON names, else that of `.ci/tools`. */
export function python(): Tool {
  return toolAt(process.env.TEST_PYTHON ?? join(cache, "python/bin/python"));
}

/** The program that TEST_GRPCURL names, else that of `.ci/tools`. */
export function grpcurl(): Tool {
  return toolAt(process.env.TEST_GRPCURL ?? join(cache, "bin/grpcurl"));
}

/** The Go command that TEST_GO names, else the first of the PATH. */
export function go(): Tool {
  const { TEST_GO, PATH = "" } = process.env;
  const paths = TEST_GO === undefined ? PATH.split(delimiter).map((folder) => join(folder, "go")) : [TEST_GO];
  const path = paths.find((each) => existsSync(each));
  return path === undefined ? { path: "", skip: "there is no go: run .ci/tools" } : { path, skip: false };
}

function toolAt(path: string): Tool {
  return existsSync(path) ? { path, skip: false } : { path: "", skip: `there is no ${path}: run .ci/tools` };
}

/** What a program left behind. */
export interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, from the root of the repository. */
export async function runTool(program: string, ...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: root });
    return { code: 0, stdout, stderr };
  } catch (reason) {
    const { code = "", stdout = "", stderr = String(reason) } = reason as Partial<Outcome>; // as execFile rejects
    return { code, stdout, stderr };
  }
}
