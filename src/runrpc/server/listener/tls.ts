import { createSecureContext, type SecureVersion, type TlsOptions as ServerTlsOptions } from "node:tls";
import { readTextFile } from "../../read-text-file.ts";
import type { TlsOptions } from "./options.ts";

/**
 * Reads the files and gives what `tls.createServer` needs. ALPN offers `h2` before `http/1.1`. With a `caFile`, a
 * client without a certificate signed by it does not get past the handshake.
 *
 * @throws Error that names the file and the reason, when a file cannot be read or does not hold what it should.
 */
export function serverTlsOptions(tls: TlsOptions, handshakeTimeout: number): ServerTlsOptions {
  const minVersion = secureVersion(tls.minVersion);
  const key = read("key", tls.keyFile);
  const cert = read("certificate", tls.certFile);
  const ca = tls.caFile === "" ? undefined : read("CA", tls.caFile);
  check(`the TLS key file ${tls.keyFile} holds no usable private key`, () => createSecureContext({ key }));
  check(`the TLS certificate file ${tls.certFile} holds no usable certificate`, () =>
    createSecureContext({ cert }),
  );
  check(`the TLS key ${tls.keyFile} and the certificate ${tls.certFile} do not belong together`, () =>
    createSecureContext({ key, cert }),
  );
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    // Node takes a CA file without a certificate in it and would then refuse every client.
    throw new Error(`the TLS CA file ${tls.caFile} holds no certificate`);
  }
  if (ca !== undefined) {
    check(`the TLS CA file ${tls.caFile} holds no usable certificate`, () => createSecureContext({ ca }));
  }
  return {
    key,
    cert,
    minVersion,
    handshakeTimeout,
    ALPNProtocols: ["h2", "http/1.1"],
    ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
  };
}

function secureVersion(version: string): SecureVersion {
  if (version === "TLSv1.2" || version === "TLSv1.3") return version;
  throw new Error(`the TLS version ${JSON.stringify(version)} is not known: use "TLSv1.2" or "TLSv1.3"`);
}

function read(what: string, file: string): string {
  try {
    // The server reads them again while it serves: nothing here may be waited for.
    return readTextFile(file, { onlyOrdinary: true });
  } catch (error) {
    throw new Error(`cannot read the TLS ${what} file ${JSON.stringify(file)}: ${reason(error)}`, {
      cause: error,
    });
  }
}

function check(sentence: string, attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    throw new Error(`${sentence}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
