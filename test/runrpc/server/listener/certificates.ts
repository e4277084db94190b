import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  readonly dir: string;
  readonly caFile: string;
  readonly keyFile: string;
  readonly certFile: string;
  readonly clientKeyFile: string;
  readonly clientCertFile: string;
  /** A client certificate that the authority did not sign. */
  readonly strangerKeyFile: string;
  readonly strangerCertFile: string;
  remove(): void;
}

/** Node cannot sign certificates, so the `openssl` command does. Undefined, with a printed reason, without it. */
export function makeCertificates(): Certificates | undefined {
  const dir = mkdtempSync(join(tmpdir(), "listener-"));
  const file = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
  };
  const selfSigned = (name: string): void =>
    openssl(
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...["-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.crt`],
    );
  const signed = (name: string): void => {
    openssl(
      ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`],
    );
    openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-days", "2", "-out", `${name}.crt`, "-extfile", "names.ext"],
    );
  };
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    writeFileSync(file("names.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    selfSigned("ca");
    selfSigned("stranger");
    signed("localhost");
    signed("client");
  } catch (error) {
    remove();
    console.log(`no certificates, so the TLS tests are skipped: ${error}`);
    return undefined;
  }
  return {
    dir,
    caFile: file("ca.crt"),
    keyFile: file("localhost.key"),
    certFile: file("localhost.crt"),
    clientKeyFile: file("client.key"),
    clientCertFile: file("client.crt"),
    strangerKeyFile: file("stranger.key"),
    strangerCertFile: file("stranger.crt"),
    remove,
  };
}
