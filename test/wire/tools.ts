import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

/** Where `.ci/tools` puts what is no npm package. */
export const cacheFolder = join(root, "node_modules/.cache/runrpc");

/** The folder of its programs. */
export const toolFolder = join(cacheFolder, "bin");

/** A program that tests need and npm does not bring, or why there is none. */
export type Tool =
  | { readonly path: string; readonly skip: false }
  | { readonly path: ""; readonly skip: string };

/** Python with grpcio and grpcio-tools: the interpreter that TEST_PYTHON names, else that of `.ci/tools`. */
export function python(): Tool {
  return toolAt(process.env.TEST_PYTHON ?? join(cacheFolder, "python/bin/python"));
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

/** Google's conformance runner of protobuf that TEST_PROTOBUF_CONFORMANCE names, else that of `.ci/tools`. */
export function protobufConformance(): Tool {
  return toolAt(process.env.TEST_PROTOBUF_CONFORMANCE ?? join(toolFolder, "conformance_test_runner"));
}

/** The proxy that TEST_HAPROXY names, else the first of the PATH and of Debian's folder. */
export function haproxy(): Tool {
  const { TEST_HAPROXY } = process.env;
  return TEST_HAPROXY === undefined ? onPath("haproxy", "/usr/sbin") : toolAt(TEST_HAPROXY);
}

/** The proxy that TEST_NGINX names, else the first of the PATH and of Debian's folder. */
export function nginx(): Tool {
  const { TEST_NGINX } = process.env;
  return TEST_NGINX === undefined ? onPath("nginx", "/usr/sbin") : toolAt(TEST_NGINX);
}

/** The proxy that TEST_ENVOY names, else that of `.ci/tools`. */
export function envoy(): Tool {
  return toolAt(process.env.TEST_ENVOY ?? join(toolFolder, "envoy"));
}

/** Prometheus' own checks: what TEST_PROMTOOL names, else the first of the PATH, else that of `.ci/tools`. */
export function promtool(): Tool {
  const { TEST_PROMTOOL } = process.env;
  return TEST_PROMTOOL === undefined ? onPath("promtool", toolFolder) : toolAt(TEST_PROMTOOL);
}

/** The next major version of Node, that TEST_NEXT_NODE names, else that of `.ci/tools`. */
export function nextNode(): Tool {
  return toolAt(process.env.TEST_NEXT_NODE ?? join(cacheFolder, "node-26/bin/node"));
}

/** The load generator of gRPC that TEST_GHZ names, else that of `.ci/tools`. */
export function ghz(): Tool {
  return toolAt(process.env.TEST_GHZ ?? join(toolFolder, "ghz"));
}

/** The load generator of HTTP/2 that TEST_H2LOAD names, else the first of the PATH. */
export function h2load(): Tool {
  const { TEST_H2LOAD } = process.env;
  return TEST_H2LOAD === undefined ? onPath("h2load") : toolAt(TEST_H2LOAD);
}

/** The Go command that TEST_GO names, else the first of the PATH. */
export function go(): Tool {
  const { TEST_GO } = process.env;
  return TEST_GO === undefined ? onPath("go") : toolAt(TEST_GO);
}

/** The first program of a name on the PATH, and in the folders named behind it. */
export function onPath(name: string, ...more: readonly string[]): Tool {
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
