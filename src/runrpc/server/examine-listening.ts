import { bindAddress } from "./builtin/metrics-port.ts";
import { bind } from "./listener/bind.ts";
import { serverTlsOptions } from "./listener/tls.ts";
import { unixPathOf } from "./listener/unix-socket.ts";
import { validityNotices } from "./listener/validity.ts";
import { resolveSettings, type ServerSettings, tlsOf } from "./settings.ts";
import { tryBinding } from "./try-listening.ts";

/** One thing that a server will need of the machine. `warning`: it works, and somebody should know. */
export interface ListeningCheck {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly text: string;
}

/**
 * Looks at the TLS files and ports that a server would be started with, beside one that runs, and leaves nothing behind. Of a Unix
 * socket nothing is tried: its file would be made.
 */
export async function examineListening(settings: ServerSettings): Promise<readonly ListeningCheck[]> {
  const resolved = resolveSettings(settings);
  const { host, port } = resolved.server;
  const { enabled, address } = resolved.metrics;
  const tls = tlsOf(resolved);
  const checks = tls === undefined ? [] : [examineCertificates(tls)];
  if (unixPathOf(host) === undefined) {
    const text = `port ${port} on ${host} is free`;
    checks.push(await examinePort("port", text, () => tryBinding((server) => bind(server, host, port))));
  }
  if (enabled && address !== "") {
    const listen = () => tryBinding((server) => bindAddress(server, address));
    checks.push(await examinePort("metrics port", `${address} is free`, listen));
  }
  return checks;
}

function examineCertificates(tls: NonNullable<ReturnType<typeof tlsOf>>): ListeningCheck {
  const name = "tls";
  try {
    const { cert, ca } = serverTlsOptions(tls, 0);
    const nowMs = Date.now();
    const notices = [
      ...validityNotices(`the certificate ${tls.certFile}`, String(cert), nowMs),
      ...(ca === undefined ? [] : validityNotices(`the CA certificate ${tls.caFile}`, String(ca), nowMs)),
    ];
    if (notices.length === 0) return { name, state: "ok", text: `${tls.certFile} belongs to its key` };
    const state = notices.some(({ level }) => level === "error") ? "failed" : "warning";
    return { name, state, text: notices.map(({ text }) => text).join("; ") };
  } catch (error) {
    return { name, state: "failed", text: textOf(error) };
  }
}

/** A port that is taken is as it should be, where the one who has it is this server. */
async function examinePort(
  name: string,
  free: string,
  listen: () => Promise<AsyncDisposable>,
): Promise<ListeningCheck> {
  try {
    await using _port = await listen();
    return { name, state: "ok", text: free };
  } catch (error) {
    const text = textOf(error);
    const isTaken = / is in use: /.test(text);
    if (isTaken)
      return { name, state: "ok", text: `${text.replace(/: stop .*/, "")}, as by a server that runs` };
    return { name, state: "failed", text };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
