import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "../../test/runrpc/server/listener/certificates.ts";
import { launchEnvironment } from "../../test/wire/launch-environment.ts";
import { buildGo } from "./go.ts";
import { preparePython } from "./python.ts";
import type { PeerCommand } from "./start.ts";
import { buildTonic } from "./tonic.ts";

/**
 * What is measured: gRPC in cleartext and over TLS, Connect JSON over HTTP/1.1 and over HTTP/2; and gRPC in cleartext once
 * more, of servers that are compared with themselves: while they count for /metrics, and with their handlers in a thread.
 */
export type Protocol = "grpc" | "grpc-tls" | "json" | "json-http2" | "grpc-counted" | "grpc-threads";

/** A server that takes part. */
export interface PeerSpec {
  /** As it stands in the tables. */
  readonly name: string;
  readonly serves: readonly Protocol[];
  /** A fresh start of it. */
  command(): Promise<PeerCommand>;
  /** What its process finds in its environment, beside what all of them find. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** As `runrpc serve` starts. */
const ourEnvironment = { ...launchEnvironment, NODE_OPTIONS: "--max-semi-space-size=16" };

/** Everybody who can take part on this machine, and the versions that only they know. */
export interface Peers {
  readonly peers: readonly PeerSpec[];
  readonly versions: Readonly<Record<string, string>>;
  /** Removes what they were started with. */
  close(): void;
}

const ALL = ["grpc", "json", "json-http2"] as const;

export async function findPeers(folder: string): Promise<Peers> {
  const stubs = await mkdtemp(join(folder, "python-"));
  const [python, go, tonic] = await Promise.all([preparePython(stubs), buildGo(), buildTonic()]);
  const certificates = makeCertificates();
  const tls = certificates === undefined ? [] : [certificates.keyFile, certificates.certFile];
  const both = ["grpc", "json"] as const;
  const ours = (lane: string, mode: string, http2 = "own", serves: PeerSpec["serves"] = ALL): PeerSpec => ({
    name: `runrpc ${lane}${http2 === "own" ? "" : " on node:http2"}${mode === "on" ? ", all on" : ""}`,
    serves,
    command: async () => [file("ours.ts"), lane, mode, await mkdtemp(join(folder, "db-")), http2],
    environment: ourEnvironment,
  });
  const overTls = (spec: PeerSpec): PeerSpec => ({
    ...spec,
    serves: ["grpc-tls"],
    command: async () => [...(await spec.command()), ...tls],
  });
  const peers: PeerSpec[] = [
    ours("auto", "bare", "own", [...ALL, "grpc-counted", "grpc-threads"]),
    { ...ours("auto", "threads", "own", ["grpc-threads"]), name: "runrpc auto, in a thread" },
    ours("auto", "on"),
    { ...ours("auto", "counted", "own", ["grpc-counted"]), name: "runrpc auto, metrics on" },
    ours("auto", "bare", "node"),
    ours("auto", "on", "node"),
    ours("stock", "bare", "own", both),
    ours("stock", "on", "own", both),
    plain("connect-node", ["grpc"], [file("connect-node.ts"), "http2"]),
    plain("connect-node, HTTP/1.1", ["json"], [file("connect-node.ts"), "http1"]),
    plain("grpc-js", ["grpc"], [file("grpc-js.ts")]),
    plain("nice-grpc", ["grpc"], [file("nice-grpc.js")]),
    plain("node:http2 by hand", ["grpc", "json-http2"], [file("bare-http2.ts")]),
    plain("own HTTP/2 by hand", ["grpc"], [file("own-http2.ts")]),
    plain("node:http by hand", ["json"], [file("bare-http.ts")]),
  ];
  if (python !== undefined)
    peers.push(plain("Python grpc.aio", ["grpc"], [python.python, file("grpc_aio.py"), stubs]));
  if (go !== undefined) {
    peers.push(plain("grpc-go", ["grpc"], [go.grpc]));
    peers.push(plain("connect-go", both, [go.connect]));
  }
  if (tonic !== undefined) peers.push(plain("tonic", ["grpc"], [tonic.program]));
  if (tls.length > 0) {
    const own = [ours("auto", "bare"), ours("auto", "bare", "node")];
    peers.push(...[...own, plain("node:http2 by hand", [], [file("bare-http2.ts")])].map(overTls));
  }
  const versions = {
    ...(python === undefined ? {} : { "grpc.aio": python.version }),
    ...go?.versions,
    ...tonic?.versions,
  };
  return { peers, versions, close: () => certificates?.remove() };
}

function plain(name: string, serves: PeerSpec["serves"], command: PeerCommand): PeerSpec {
  return { name, serves, command: async () => command };
}

function file(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}
