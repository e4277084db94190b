import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

/** Where `.ci/run` puts what is no npm package. */
const cache = join(root, "node_modules/.cache/runrpc");

/** The folder of its programs. */
export const toolFolder = join(cache, "bin");

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
  return toolAt(process.env.TEST_GRPCURL ?? join(toolFolder, "grpcurl"));
}

/** grpc-go's interop client (google.golang.org/grpc/interop/client): TEST_GRPC_INTEROP_CLIENT, else that of `.ci/tools`. */
export function grpcInteropClient(): Tool {
  return toolAt(process.env.TEST_GRPC_INTEROP_CLIENT ?? join(toolFolder, "client"));
}

/** The conformance tool of HTTP/2 that TEST_H2SPEC names, else that of `.ci/tools`. */
export function h2spec(): Tool {
  return toolAt(process.env.TEST_H2SPEC ?? join(toolFolder, "h2spec"));
}

/** The proxy that TEST_HAPROXY names, else the first of the PATH and of Debian's folder. */
export function haproxy(): Tool {
  const { TEST_HAPROXY } = process.env;
  return TEST_HAPROXY === undefined ? onPath("haproxy", "/usr/sbin") : toolAt(TEST_HAPROXY);
}

/** The Go command that TEST_GO names, else the first of the PATH. */
export function go(): Tool {
  const { TEST_GO } = process.env;
  return TEST_GO === undefined ? onPath("go") : toolAt(TEST_GO);
}

function onPath(name: string, ...more: readonly string[]): Tool {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...more];
  const path = folders.map((folder) => join(folder, name)).find((each) => existsSync(each));
  return path === undefined
    ? { path: "", skip: `there is no ${name}: run .ci/tools` }
    : { path, skip: false };
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
