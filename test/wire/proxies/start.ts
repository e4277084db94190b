import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoy, haproxy, nginx, type Tool } from "../tools.ts";

/** A proxy that can stand before a server, with a configuration in this folder. */
export interface ProxyKind {
  readonly name: string;
  readonly tool: Tool;
  readonly config: string;
  /** The arguments that have it read the file, and stay in the foreground. */
  readonly args: (file: string) => readonly string[];
}

export const proxyKinds: readonly ProxyKind[] = [
  { name: "nginx", tool: nginx(), config: "nginx.conf", args: (file) => ["-c", file, "-e", "stderr"] },
  {
    name: "Envoy",
    tool: envoy(),
    config: "envoy.yaml",
    args: (file) => [
      ...["--config-path", file, "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"],
      "--disable-hot-restart",
    ],
  },
  { name: "haproxy", tool: haproxy(), config: "haproxy.cfg", args: (file) => ["-db", "-f", file] },
];

/** A proxy that listens. */
export interface RunningProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a proxy before a server on a port of 127.0.0.1, with the configuration in this folder. */
export async function startProxy(kind: ProxyKind, serverPort: number): Promise<RunningProxy> {
  const template = await readFile(join(import.meta.dirname, kind.config), "utf8");
  return startProxyWith(kind, (port, folder) => {
    const values: Readonly<Record<string, string>> = {
      "@PORT@": `${port}`,
      "@SERVER_PORT@": `${serverPort}`,
      "@FOLDER@": folder,
    };
    return template.replaceAll(/@[A-Z_]+@/g, (name) => values[name] ?? name);
  });
}

/** Starts a proxy with a configuration that has it listen on this port of 127.0.0.1. It may write into the folder. */
export async function startProxyWith(
  kind: ProxyKind,
  configOf: (port: number, folder: string) => string,
): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-proxy-"));
  const port = await freePort();
  const file = join(folder, kind.config);
  await writeFile(file, configOf(port, folder));
  const child = spawn(kind.tool.path, kind.args(file), { stdio: ["ignore", "inherit", "inherit"] });
  const closed = once(child, "close");
  await listens(port, child);
  return {
    port,
    async close() {
      child.kill();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address !== null && typeof address === "object" ? address.port : assert.fail();
}

/** Waits until a process takes connections. */
export async function listens(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    assert.equal(child.exitCode, null, `${child.spawnfile} has ended`);
    const socket = connect({ port, host: "127.0.0.1" });
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
  }
}
