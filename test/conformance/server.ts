// The server under test, as the conformance runner starts it: a size-prefixed ServerCompatRequest comes on stdin, the
// matching response goes to stdout, SIGTERM ends it. One process for each protocol, HTTP version and kind of TLS.
// Usage: node test/conformance/server.ts --lane auto|stock --http2 node|own

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { inspect, parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ServerLog, silentLog } from "../../src/runrpc/server/log.ts";
import { type Server, startServer } from "../../src/runrpc/server/server.ts";
import { codecs } from "./gen/codecs.ts";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { conformanceService } from "./service.ts";

/** What the runtime finds worth a warning goes to the runner's stderr. */
const complaints: ServerLog = {
  ...silentLog,
  warn: (fields, message) => process.stderr.write(`${message}: ${inspect(fields)}\n`),
  error: (fields, message) => process.stderr.write(`${message}: ${inspect(fields)}\n`),
};

const { values } = parseArgs({
  options: { lane: { type: "string", default: "auto" }, http2: { type: "string", default: "node" } },
});
const input = await buffer(process.stdin);
const request = fromBinary(ServerCompatRequestSchema, input.subarray(4, 4 + input.readUInt32BE(0)));
const server = await start(request, values);
process.once("SIGTERM", () => server.drain().then(() => process.exit(0)));
answer({ host: server.host, port: server.port, pemCert: request.serverCreds?.cert ?? new Uint8Array() });

/** Every limit is the default one but the size of a message, which the suite says, and the deadline it does not expect; what clients take compressed is compressed. */
async function start(wanted: ServerCompatRequest, how: typeof values): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-conformance-"));
  try {
    return await startServer({
      keys: "open",
      services: [conformanceService],
      codecs,
      server: { host: "127.0.0.1", port: 0, ...how },
      tls: tlsFiles(wanted, folder),
      limits: { maxRequestBytes: wanted.messageReceiveLimit },
      // Clients are on this machine, and many messages are short.
      compression: { minBytes: 1, loopback: true },
      // The suite holds a timeout that no client asked for against the server.
      timeouts: { unaryDeadlineMs: 0, drainTimeoutMs: 1_000 },
      log: complaints,
    });
  } finally {
    rmSync(folder, { recursive: true }); // files are read once, at start
  }
}

function tlsFiles({ useTls, serverCreds, clientTlsCert }: ServerCompatRequest, folder: string) {
  if (!useTls || serverCreds === undefined) return undefined;
  const file = (name: string, pem: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, pem, { mode: 0o600 });
    return path;
  };
  return {
    keyFile: file("key.pem", serverCreds.key),
    certFile: file("cert.pem", serverCreds.cert),
    clientCaFile: clientTlsCert.length === 0 ? "" : file("ca.pem", clientTlsCert),
  };
}

function answer(response: { host: string; port: number; pemCert: Uint8Array }): void {
  const body = toBinary(ServerCompatResponseSchema, create(ServerCompatResponseSchema, response));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  process.stdout.write(Buffer.concat([length, body]));
}
