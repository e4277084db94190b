import type { AddressInfo, Server } from "node:net";

/** More than Node's 511, so that a burst of clients is queued rather than dropped; the kernel caps it (somaxconn). */
const BACKLOG = 4096;

/**
 * Makes `server` listen. `[::]` is taken as `::`, and falls back to `0.0.0.0` on a machine without IPv6.
 *
 * @throws Error whose message says what to change: the port, the host, or the right to use them.
 */
export async function bind(server: Server, host: string, port: number): Promise<AddressInfo> {
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

function attempt(server: Server, host: string, port: number): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  const settle = (error?: unknown): void => {
    server.off("error", settle);
    server.off("listening", settle);
    const address = server.address();
    // A string is a pipe's name; a host and a port were asked for.
    if (error === undefined && address !== null && typeof address !== "string") resolve(address);
    else reject(error);
  };
  server.once("error", settle);
  server.once("listening", settle);
  try {
    server.listen({ host, port, backlog: BACKLOG });
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
