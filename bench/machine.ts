import { createRequire } from "node:module";
import { cpus, release, totalmem } from "node:os";
import type { Machine } from "./results.ts";

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? "unknown",
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()}`,
  };
}

/** The packages that are compared, at the versions that the servers load. */
export function describeVersions(): Record<string, string> {
  const versions: Record<string, string> = { node: process.version };
  for (const name of ["@bufbuild/protobuf", "@connectrpc/connect-node", "@grpc/grpc-js", "nice-grpc"]) {
    // Not every package exports its package.json; each has one in a folder that is searched.
    const require = createRequire(new URL("./peers/start.ts", import.meta.url));
    const folder = require.resolve
      .paths(name)
      ?.map((path) => `${path}/${name}/package.json`)
      .find((path) => URL.canParse(`file://${path}`) && isThere(require, path));
    if (folder !== undefined) versions[name] = (require(folder) as { version: string }).version;
  }
  return versions;
}

function isThere(require: NodeJS.Require, path: string): boolean {
  try {
    require.resolve(path);
    return true;
  } catch {
    return false;
  }
}
