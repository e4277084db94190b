import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** A machine's own Node, as a project meets it: what is on its path, and none of what npm and the test runner set. */
export interface Host {
  readonly node: string;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The machine as it is, which may have an older Node, and the same one with the Node that runs the tests. */
export function hosts(): readonly [Host, Host] {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|RUNRPC_|INIT_CWD$)/i.test(name));
  const { PATH = "", ...others } = Object.fromEntries(kept);
  const path = PATH.split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const own = path.map((folder) => join(folder, "node")).find((file) => existsSync(file)) ?? process.execPath;
  const hostWith = (node: string): Host => ({
    node,
    version: execFileSync(node, ["--version"], { encoding: "utf8" }).trim(),
    env: { ...others, PATH: [dirname(node), ...path].join(delimiter) },
  });
  return [hostWith(own), hostWith(process.execPath)];
}
