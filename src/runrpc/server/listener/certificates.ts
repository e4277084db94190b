import type { Server } from "node:tls";
import type { Notice, TlsOptions } from "./options.ts";
import { serverTlsOptions } from "./tls.ts";
import { validityNotices } from "./validity.ts";
import { watchFiles } from "./watch-files.ts";

/** How often the dates of the certificates are looked at, in milliseconds: once a day. */
const LOOK_AGAIN_MS = 24 * 3_600_000;

type Loaded = ReturnType<typeof serverTlsOptions>;

/** The certificates of a server, as their files are. */
export interface Certificates {
  /** Reads the files again. What cannot be used is told of, and the server keeps what it has. */
  reload(): void;
  close(): void;
}

/**
 * Has a TLS server follow its files, from the options that it was started with. Handshakes from then on are given what
 * the files hold; connections that are open keep what they have. While a key and a certificate do not belong together,
 * as between two renames, the server keeps the old ones.
 */
export function followCertificates(
  server: Server,
  tls: TlsOptions,
  started: Loaded,
  notice: Notice,
): Certificates {
  let loaded = started;
  const tellDates = (): void => {
    for (const { level, text } of noticesOf(tls, loaded)) notice(level, text);
  };
  const read = (isAsked: boolean): void => {
    try {
      const next = serverTlsOptions(tls, 0);
      if (isSame(next, loaded)) {
        if (isAsked) notice("info", "the TLS files are as they were");
        return;
      }
      server.setSecureContext(next);
      loaded = next;
      notice("info", "the TLS certificates were reloaded");
      tellDates();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      notice("error", `the TLS certificates stay as they are: ${reason}`);
    }
  };
  tellDates();
  const daily = setInterval(tellDates, LOOK_AGAIN_MS).unref();
  const files = [tls.keyFile, tls.certFile, ...(tls.caFile === "" ? [] : [tls.caFile])];
  const watching = watchFiles(files, () => read(false));
  return {
    reload: () => read(true),
    close() {
      clearInterval(daily);
      watching.close();
    },
  };
}

function noticesOf(tls: TlsOptions, { cert, ca }: Loaded) {
  const nowMs = Date.now();
  return [
    ...validityNotices(`the TLS certificate ${tls.certFile}`, String(cert), nowMs),
    ...(ca === undefined ? [] : validityNotices(`the TLS CA certificate ${tls.caFile}`, String(ca), nowMs)),
  ];
}

function isSame(one: Loaded, other: Loaded): boolean {
  return one.key === other.key && one.cert === other.cert && one.ca === other.ca;
}
