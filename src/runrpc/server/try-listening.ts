import { createServer } from "node:net";
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
  const server = createServer((socket) => socket.destroy());
  await bind(server, host, port);
  await new Promise((resolve) => server.close(resolve));
}
