import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ConnectError } from "@connectrpc/connect";
import { endStreamFlag, endStreamFromJson } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import type { Protocol } from "../../call/record.ts";
import { reencodeMessage } from "../../http/grpc-status.ts";
import { COMPRESSED_FLAG, ENVELOPE_BYTES } from "../envelope-head.ts";

/**
 * The error that the adapter told a client at the end of a stream, read back from the HTTP trailers (gRPC) or from the
 * last message, which the two others end with. Undefined when it told none, or told it compressed.
 */
export function errorAtEnd(
  protocol: Protocol,
  trailers: Headers | undefined,
  lastBytes: Uint8Array,
): ConnectError | undefined {
  const message = lastBytes.subarray(ENVELOPE_BYTES);
  switch (protocol) {
    case "grpc":
      return trailers && findTrailerError(trailers);
    case "grpc-web":
      return lastBytes[0] === trailerFlag ? findTrailerError(trailerParse(message)) : undefined;
    case "connect":
      return lastBytes[0] === endStreamFlag ? endStreamFromJson(message).error : undefined;
  }
}

/**
 * The bytes that the adapter sends of a gRPC-Web answer, an envelope at a time: the last one, its trailers, with the
 * encoding of `grpc-message` that gRPC's clients decode. It leaves uncompressed, which every envelope may.
 */
export function webAnswer(envelope: Uint8Array, encoding: string | null): Uint8Array {
  const flags = envelope[0] ?? 0;
  if ((flags & trailerFlag) === 0) return envelope;
  const payload = envelope.subarray(ENVELOPE_BYTES);
  const trailers = trailerParse((flags & COMPRESSED_FLAG) === 0 ? payload : decompressed(payload, encoding));
  reencodeMessage(trailers);
  const text = trailerSerialize(trailers);
  const bytes = Buffer.alloc(ENVELOPE_BYTES + text.length);
  bytes.writeUInt8(trailerFlag);
  bytes.writeUInt32BE(text.length, 1);
  bytes.set(text, ENVELOPE_BYTES);
  return bytes;
}

/** Of what this server has compressed itself. */
function decompressed(bytes: Uint8Array, encoding: string | null): Uint8Array {
  if (encoding === "zstd") return zstdDecompressSync(bytes);
  return encoding === "br" ? brotliDecompressSync(bytes) : gunzipSync(bytes);
}
