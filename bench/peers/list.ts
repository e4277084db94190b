import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGo } from "./go.ts";
import { preparePython } from "./python.ts";
import type { PeerCommand } from "./start.ts";

/** A server that takes part. */
export interface PeerSpec {
  /** As it stands in the tables. */
  readonly name: string;
  readonly serves: readonly ("grpc" | "json")[];
  /** A fresh start of it. */
  command(): Promise<PeerCommand>;
  /** What its process finds in its environment, beside what all of them find. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** As src/launch.js starts a server. */
const ourEnvironment = { MALLOC_ARENA_MAX: "1", NODE_OPTIONS: "--max-semi-space-size=16" };

/** Everybody who can take part on this machine, and the versions that only they know. */
export async function findPeers(
  folder: string,
): Promise<{ readonly peers: readonly PeerSpec[]; readonly versions: Readonly<Record<string, string>> }> {
  const stubs = await mkdtemp(join(folder, "python-"));
  const [python, go] = await Promise.all([preparePython(stubs), buildGo()]);
  const both = ["grpc", "json"] as const;
  const ours = (lane: string, mode: string, http2 = "node"): PeerSpec => ({
    name: `runrpc ${lane}${http2 === "own" ? " on own HTTP/2" : ""}${mode === "on" ? ", all on" : ""}`,
    serves: both,
    command: async () => [file("ours.ts"), lane, mode, await mkdtemp(join(folder, "db-")), http2],
    environment: ourEnvironment,
  });
  const peers: PeerSpec[] = [
    ours("auto", "bare"),
    ours("auto", "on"),
    ours("auto", "bare", "own"),
    ours("auto", "on", "own"),
    ours("stock", "bare"),
    ours("stock", "on"),
    plain("connect-node", ["grpc"], [file("connect-node.ts"), "http2"]),
    plain("connect-node, HTTP/1.1", ["json"], [file("connect-node.ts"), "http1"]),
    plain("grpc-js", ["grpc"], [file("grpc-js.ts")]),
    plain("nice-grpc", ["grpc"], [file("nice-grpc.js")]),
    plain("node:http2 by hand", ["grpc"], [file("bare-http2.ts")]),
    plain("own HTTP/2 by hand", ["grpc"], [file("own-http2.ts")]),
    plain("node:http by hand", ["json"], [file("bare-http.ts")]),
  ];
  if (python !== undefined)
    peers.push(plain("Python grpc.aio", ["grpc"], [python.python, file("grpc_aio.py"), stubs]));
  if (go !== undefined) {
    peers.push(plain("grpc-go", ["grpc"], [go.grpc]));
    peers.push(plain("connect-go", both, [go.connect]));
  }
  const versions = {
    ...(python === undefined ? {} : { "grpc.aio": python.version }),
    ...go?.versions,
  };
  return { peers, versions };
}

function plain(name: string, serves: PeerSpec["serves"], command: PeerCommand): PeerSpec {
  return { name, serves, command: async () => command };
}

function file(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}
