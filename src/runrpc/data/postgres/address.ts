import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isPostgresUrl, withoutPassword } from "../../url.ts";
import { DataError } from "../data-error.ts";

/** Where a Postgres database is, and how it is reached. */
export interface Address {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Undefined: PGPASSWORD or ~/.pgpass, as `psql` takes them, where the server asks for one. */
  readonly password: string | undefined;
  readonly database: string;
  /** False: in clear. Else the certificate of the server is verified, by `ca` where that is given. */
  readonly tls: false | { readonly ca: string | undefined };
  /** The URL without its password, for sentences and lists. */
  readonly shown: string;
}

/**
 * Reads `postgres://user:password@host:5432/database`. A host that is not local is reached by TLS, and its certificate
 * verified: `?sslmode=disable` takes the first away, `?sslmode=verify-full` asks for it of a local one, `?sslrootcert=FILE`
 * names who vouches for it. A Unix socket is named by its folder, as `postgres://user@%2Fvar%2Frun%2Fpostgresql/database`.
 *
 * Throws `invalid_argument` with a sentence that holds the URL without its password.
 */
export function addressFromUrl(text: string): Address {
  const refuse = (trouble: string): DataError =>
    new DataError("invalid_argument", `${JSON.stringify(withoutPassword(text).slice(0, 200))} ${trouble}`);
  const url = URL.parse(text);
  if (url === null && /,[^/@]*(\/|$)/.test(text.replace(/^.*@/, "")))
    throw refuse("names several hosts: name one, or an address that moves with the server");
  // Behind one of these a URL has no host any more.
  const noPassword = /[#?][^@]*@/.test(text) ? ": escape # as %23 and ? as %3F in a password" : "";
  if (url === null || !isPostgresUrl(text))
    throw refuse(
      `is no URL of Postgres, such as postgres://user@host/database${noPassword || ": escape / @ and : in a password"}`,
    );
  const part = (name: string, value: string): string => {
    try {
      return decodeURIComponent(value);
    } catch {
      throw refuse(`has a ${name} with a % that escapes nothing`);
    }
  };
  const host = part("host", url.hostname).replace(/^\[(.*)\]$/, "$1");
  const database = part("database", url.pathname.slice(1));
  if (host === "")
    throw refuse(
      "names no host, such as postgres://user@host/database, or postgres://user@%2Fvar%2Frun%2Fpostgresql/database for a socket",
    );
  if (host.includes(","))
    throw refuse("names several hosts: name one, or an address that moves with the server");
  if (database === "" || database.includes("/"))
    throw refuse(`names no database, such as postgres://user@host/database${noPassword}`);
  if (url.hash !== "") throw refuse("has a part behind #: escape it");
  const user = part("user", url.username) || userInfo().username;
  const password = part("password", url.password);
  return {
    host,
    port: url.port === "" ? 5432 : Number(url.port),
    user,
    password: password === "" ? undefined : password,
    database,
    tls: tlsOf(url.searchParams, isLocal(host), refuse),
    shown: `postgres://${encodeURIComponent(user)}@${url.host}/${database}`,
  };
}

function tlsOf(
  parameters: URLSearchParams,
  isLocalHost: boolean,
  refuse: (trouble: string) => DataError,
): Address["tls"] {
  const unknown = [...parameters.keys()].find((name) => name !== "sslmode" && name !== "sslrootcert");
  const twice = [...parameters.keys()].find((name) => parameters.getAll(name).length > 1);
  if (twice !== undefined) throw refuse(`has the parameter ${twice} more than once`);
  if (unknown !== undefined) throw refuse(`has the parameter ${unknown}; there are sslmode and sslrootcert`);
  const mode = parameters.get("sslmode") ?? (isLocalHost ? "disable" : "verify-full");
  const file = parameters.get("sslrootcert");
  if (mode !== "disable" && mode !== "verify-full")
    throw refuse(`has the sslmode ${mode}; there are verify-full and disable`);
  if (mode === "disable") {
    if (file !== null) throw refuse("has an sslrootcert, and is reached in clear: add sslmode=verify-full");
    return false;
  }
  return { ca: file === null ? undefined : readCertificate(file, refuse) };
}

function readCertificate(file: string, refuse: (trouble: string) => DataError): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw refuse(`has an sslrootcert that cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** On this machine: nobody else is between. */
function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
