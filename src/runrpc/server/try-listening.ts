import { createServer, type Server } from "node:net";
import { bindAddress } from "./builtin/metrics-port.ts";
import { bind } from "./listener/bind.ts";
import { serverTlsOptions } from "./listener/tls.ts";
import { resolveSettings, type ServerSettings, tlsOf } from "./settings.ts";

/**
 * Tries what `startServer` will need of the machine, and leaves nothing behind: settings in range, certificates that
 * can be read, a port that is free. An application calls it before it makes or migrates a database, which a start that
 * fails would leave behind.
 *
 * @throws Error that says what to change, the one that `startServer` would throw.
 */
export async function tryListening(settings: ServerSettings): Promise<void> {
  const resolved = resolveSettings(settings);
  const tls = tlsOf(resolved);
  if (tls !== undefined) serverTlsOptions(tls, resolved.timeouts.firstByteTimeoutMs);
  const { host, port } = resolved.server;
  const { enabled, address } = resolved.metrics;
  await using both = new AsyncDisposableStack(); // at once, or they could be the same port
  both.use(await tryBinding((server) => bind(server, host, port)));
  if (enabled && address !== "") both.use(await tryBinding((server) => bindAddress(server, address)));
}

async function tryBinding(listen: (server: Server) => Promise<unknown>): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  await listen(server);
  return server;
}
