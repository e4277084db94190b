import type { Server } from "node:net";
import { clearUnixPath, restrictUnixPath, unixPathOf } from "./unix-socket.ts";

/** More than Node's 511, so that a burst of clients is queued rather than dropped; the kernel caps it (somaxconn). */
const BACKLOG = 4096;

/** Where a server listens: its address without brackets and its port, or `unix:` with a path, and 0. */
export interface Bound {
  readonly address: string;
  readonly port: number;
}

/**
 * Makes `server` listen. `unix:` and a path is a Unix socket, which has no port: its owner and group may open it (mode
 * 0660), a socket that a killed process left behind makes room, and it is removed when the server closes. `[::]` is taken as `::`, and falls back to `0.0.0.0` on a machine without IPv6.
 *
 * @throws Error whose message says what to change: the port, the host, or the right to use them.
 */
export async function bind(server: Server, host: string, port: number): Promise<Bound> {
  const path = unixPathOf(host);
  if (path !== undefined) return await bindUnix(server, path);
  const plain = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  try {
    return await attempt(server, plain, port);
  } catch (error) {
    if (plain === "::" && (isCode(error, "EAFNOSUPPORT") || isCode(error, "EADDRNOTAVAIL"))) {
      return await attempt(server, "0.0.0.0", port).catch((second: unknown) => {
        throw explain(second, "0.0.0.0", port);
      });
    }
    throw explain(error, plain, port);
  }
}

async function bindUnix(server: Server, path: string): Promise<Bound> {
  await clearUnixPath(path);
  try {
    await listening(server, () => {
      server.listen({ path, backlog: BACKLOG });
      if (server.listening) restrictUnixPath(path);
    });
  } catch (error) {
    throw new Error(unixSentence(error, path), { cause: error });
  }
  return { address: `unix:${path}`, port: 0 };
}

function unixSentence(error: unknown, path: string): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `the Unix socket ${path} is in use: stop the other process or choose another with --host`;
    case "EACCES":
    case "EPERM":
      // libuv says EACCES of a folder that is not there, too.
      return `the folder of ${path} is not there, or not to be written in: choose another with --host`;
    case "ENOENT":
    case "ENOTDIR":
      return `the folder of the Unix socket ${path} is not there: make it or choose another with --host`;
    default:
      return `cannot listen on ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function attempt(server: Server, host: string, port: number): Promise<Bound> {
  return listening(server, () => server.listen({ host, port, backlog: BACKLOG })).then(() => {
    const address = server.address();
    // A string is a pipe's name; a host and a port were asked for.
    if (address === null || typeof address === "string") throw new Error("the server has no address");
    return { address: address.address, port: address.port };
  });
}

/** Resolves when the server listens after `begin`. */
function listening(server: Server, begin: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (error?: unknown): void => {
    server.off("error", settle);
    server.off("listening", settle);
    if (error === undefined) resolve();
    else reject(error);
  };
  server.once("error", settle);
  server.once("listening", settle);
  try {
    begin();
  } catch (error) {
    settle(error); // a port out of range throws here
  }
  return promise;
}

function explain(error: unknown, host: string, port: number): Error {
  const shown = host.includes(":") ? `[${host}]` : host;
  return new Error(sentence(error, shown, port), { cause: error });
}

function sentence(error: unknown, host: string, port: number): string {
  const code = codeOf(error);
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use: stop the other process or choose another with --port`;
    case "EACCES":
    case "EPERM":
      return `no permission for port ${port} on ${host}: choose one above 1023 with --port`;
    case "EADDRNOTAVAIL":
      return `${host} is no address of this machine: choose another with --host`;
    case "EAFNOSUPPORT":
      return `this machine cannot use addresses like ${host}: choose another with --host`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host ${JSON.stringify(host)} is not known: choose another with --host`;
    case "ERR_SOCKET_BAD_PORT":
      return `${port} is not a port: choose one from 0 to 65535 with --port`;
    default:
      return `cannot listen on port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function isCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
