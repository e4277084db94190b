import { readFileSync } from "node:fs";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { usageError } from "../io.ts";

/** How to reach a server. */
export interface TransportSettings {
  /** A URL, or `host:port`, which is cleartext unless one of the TLS settings is there. */
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
  const options = { baseUrl: baseUrlOf(settings), nodeOptions: tlsOptionsOf(settings) };
  switch (settings.protocol) {
    case "connect":
      return createConnectTransport({ ...options, httpVersion: "2" });
    case "grpc-web":
      return createGrpcWebTransport({ ...options, httpVersion: "2" });
    default:
      return createGrpcTransport(options);
  }
}

function baseUrlOf(settings: TransportSettings): string {
  const wantsTls = Object.values(tlsOptionsOf(settings)).some((value) => value !== undefined);
  const { address } = settings;
  const url = address.includes("://") ? address : `${wantsTls ? "https" : "http"}://${address}`;
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw usageError(`--address is "${address}"; it takes a URL such as http://localhost:50051`);
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
