import { createServer, type Server } from "node:net";
import { bindAddress } from "./builtin/metrics-port.ts";
import { bind } from "./listener/bind.ts";
import { serverTlsOptions } from "./listener/tls.ts";
import { unixPathOf } from "./listener/unix-socket.ts";
import { type ResolvedSettings, resolveSettings, type ServerSettings, tlsOf } from "./settings.ts";

/**
 * Tries what `startServer` will need of the machine, and leaves nothing behind: settings in range, certificates that
 * can be read, a port that is free. An application calls it before it makes or migrates a database, which a start that
 * fails would leave behind.
 *
 * @throws Error that says what to change, the one that `startServer` would throw.
 */
export async function tryListening(settings: ServerSettings): Promise<void> {
  const resolved = resolveSettings(settings);
  readCertificates(resolved);
  const { host, port } = resolved.server;
  const { enabled, address } = resolved.metrics;
  await using both = new AsyncDisposableStack(); // at once, or they could be the same port
  both.use(await tryBinding((server) => bind(server, host, port)));
  if (enabled && address !== "") both.use(await tryBinding((server) => bindAddress(server, address)));
}

/**
 * The same, for whoever will not listen, and beside a server that does: it says nothing of ports, which that has.
 *
 * @throws Error that says what to change.
 */
export async function tryWithoutPort(settings: ServerSettings): Promise<void> {
  const resolved = resolveSettings(settings);
  readCertificates(resolved);
  const { host } = resolved.server;
  if (unixPathOf(host) !== undefined) return;
  await using _any = await tryBinding((server) => bind(server, host, 0));
}

function readCertificates(settings: ResolvedSettings): void {
  const tls = tlsOf(settings);
  if (tls !== undefined) serverTlsOptions(tls, settings.timeouts.firstByteTimeoutMs);
}

/** Closed again by whoever holds it. */
export async function tryBinding(listen: (server: Server) => Promise<unknown>): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  await listen(server);
  return server;
}
