// Rows that one client uploads, durable when they are acknowledged: `node bench/upload.ts`.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  Severity,
  UploadLogsRequestSchema,
  UploadLogsResponseSchema,
} from "../test/gen/rig/logs/v1/logs_pb.ts";
import { type Finding, printFindings, withServer } from "./finding.ts";
import { callHeaders, envelope, startCall } from "./load/grpc.ts";
import type { Http2Connection } from "./load/http2.ts";
import { connectAll } from "./load/workloads.ts";
import type { Peer } from "./peers/start.ts";

/** One client, one call, through the whole app: messages full of entries, then messages of one. */
export function measureUpload(): Promise<Finding[]> {
  return withServer("app.ts", ["<folder>"], async (peer) => {
    const { at, close } = connectAll(peer, 1);
    await upload(at(0), peer, 1_000, 50_000);
    const full = await upload(at(0), peer, 1_000, 250_000);
    await upload(at(0), peer, 1, 10_000);
    const single = await upload(at(0), peer, 1, 60_000);
    close();
    return [
      { what: "UploadLogs, 1,000 entries a message", value: full, unit: "rows/s", least: 50_000 },
      { what: "UploadLogs, 1 entry a message", value: single, unit: "rows/s" },
    ];
  });
}

/** Rows a second, from the first byte out to the acknowledgement of all rows. */
export async function upload(
  connection: Http2Connection,
  peer: Peer,
  entriesEach: number,
  rows: number,
): Promise<number> {
  const message = envelope(
    toBinary(
      UploadLogsRequestSchema,
      create(UploadLogsRequestSchema, {
        entries: Array.from({ length: entriesEach }, (_, index) => ({
          time: timestampFromMs(Date.now()),
          severity: Severity.INFO,
          message: `GET /things/${index} answered 200 in 12 ms`,
        })),
      }),
    ),
  );
  const headers = callHeaders("/rig.logs.v1.LogService/UploadLogs", [["x-api-key", peer.key ?? ""]]);
  const begin = performance.now();
  const received = await new Promise<bigint>((resolve, reject) => {
    let answer = 0n;
    const stream = startCall(connection, headers, undefined, false, {
      message(bytes) {
        answer = fromBinary(UploadLogsResponseSchema, bytes).logsReceived;
      },
      end: (failure) => (failure === undefined ? resolve(answer) : reject(failure)),
    });
    // Several small messages share a frame, as they do when a client has many to send.
    const perSend = Math.max(1, Math.floor(16_000 / message.length));
    for (let left = rows / entriesEach; left > 0; left -= perSend) {
      stream.send(Buffer.concat(Array(Math.min(left, perSend)).fill(message)), false);
    }
    stream.send(Buffer.alloc(0), true);
  });
  const elapsedMs = performance.now() - begin;
  if (received !== BigInt(rows)) throw new Error(`${received} of ${rows} rows were acknowledged`);
  return (1_000 * rows) / elapsedMs;
}

if (import.meta.main) printFindings("upload", await measureUpload());
