import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "./arguments.ts";

/**
 * Where npm gets runrpc, as package.json says it. A tarball or a folder is named from where the command is called, while npm
 * would look for it from the project.
 *
 * @throws UsageError where it is not there.
 */
export function runtimeSpec(spec: string): string {
  const path = pathOf(spec);
  if (path === undefined) return spec;
  if (!existsSync(path)) throw new UsageError(`--runtime is ${spec}, and there is no such file or folder`);
  return `file:${path}`;
}

/** Undefined for what is no path: a version, a tag, an address. */
function pathOf(spec: string): string | undefined {
  if (spec.startsWith("file://")) return fileURLToPath(spec);
  const path = spec.replace(/^file:/, "");
  // A shell leaves the ~ of --runtime=~/runrpc.tgz.
  if (path.startsWith("~/")) return join(homedir(), path.slice(2));
  const isPath =
    path !== spec ||
    /^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(path) ||
    (/\.(?:tgz|tar\.gz|tar)$/.test(path) && !path.includes("://"));
  return isPath ? resolve(path) : undefined;
}
