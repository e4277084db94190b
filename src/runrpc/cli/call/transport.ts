import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { unavailableForCertificate } from "../../client/certificate-fault.ts";
import { usageError } from "../io.ts";

/** How to reach a server. */
export interface TransportSettings {
  /** A URL, `host:port` or `unix:/path`; the last two are cleartext unless one of the TLS settings is there. */
  readonly address: string;
  readonly protocol: string;
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined;
  /** PEM files. */
  readonly caFile?: string | undefined;
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
}

/** The protocols that `--protocol` takes. */
export const protocols = ["grpc", "grpc-web", "connect"] as const;

/** A Connect transport over HTTP/2. @throws CommandFailure (usage) for an address or file that cannot be used */
export function createTransport(settings: TransportSettings): Transport {
  const options = {
    baseUrl: baseUrlOf(settings),
    interceptors: [unavailableForCertificate],
    nodeOptions: { ...tlsOptionsOf(settings), ...unixOptionsOf(settings) },
  };
  switch (settings.protocol) {
    case "connect":
      return createConnectTransport({ ...options, httpVersion: "2" });
    case "grpc-web":
      return createGrpcWebTransport({ ...options, httpVersion: "2" });
    default:
      return createGrpcTransport(options);
  }
}

/** The header of a key. @throws CommandFailure (usage) for a text that no header can have. */
export function keyHeader(key: string | undefined): Readonly<Record<string, string>> {
  if (key === undefined || key === "") return {};
  if (/^[\x21-\x7e]+$/.test(key)) return { "x-api-key": key };
  throw usageError("the key of --key or RUNRPC_KEY has spaces or other characters that no key has");
}

/** How to reach a Unix socket: `unix:/run/app.sock`, or `unix:///run/app.sock` as gRPC has it. */
function unixOptionsOf(settings: TransportSettings) {
  const path = unixPathOf(settings.address);
  if (path === undefined) return {};
  const tls = tlsOptionsOf(settings);
  return {
    createConnection: (): Socket =>
      wantsTls(settings) ? connectTls({ ...tls, path, ALPNProtocols: ["h2"] }) : connect(path),
  };
}

function unixPathOf(address: string): string | undefined {
  return /^unix:(?:\/\/(?=\/))?(.+)$/.exec(address)?.[1];
}

function wantsTls(settings: TransportSettings): boolean {
  return Object.values(tlsOptionsOf(settings)).some((value) => value !== undefined);
}

function baseUrlOf(settings: TransportSettings): string {
  const scheme = wantsTls(settings) ? "https" : "http";
  const { address } = settings;
  if (unixPathOf(address) !== undefined) return `${scheme}://localhost`;
  const url = address.includes("://") ? address : `${scheme}://${address}`;
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw usageError(
      `--address is "${address}"; it takes a URL such as http://localhost:50051, or unix:/path`,
    );
  }
  return url.replace(/\/$/, "");
}

function tlsOptionsOf({ insecure, caFile, clientCertFile, clientKeyFile }: TransportSettings) {
  return {
    rejectUnauthorized: insecure ? false : undefined,
    ca: caFile && readPem("--ca-file", caFile),
    cert: clientCertFile && readPem("--client-cert-file", clientCertFile),
    key: clientKeyFile && readPem("--client-key-file", clientKeyFile),
  };
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(`${option}: ${error instanceof Error ? error.message : error}`);
  }
}
