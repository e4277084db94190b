import { promisify } from "node:util";
import {
  brotliCompress,
  brotliDecompress,
  constants,
  gunzip,
  gzip,
  type ZlibOptions,
  zstdCompress,
  zstdDecompress,
} from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

type Work<O> = (bytes: Uint8Array, options: O) => Promise<Buffer<ArrayBuffer>>;

/**
 * Of Brotli: its default of 11 is made for files that are compressed once, and takes some hundred times as long as this.
 */
const BROTLI_QUALITY = 4;

/**
 * The compressions that are taken and given, all of Node's thread pool: gzip (RFC 1952), Brotli (RFC 7932) and Zstandard (RFC
 * 8878). In the order in which clients are told of them.
 */
export const COMPRESSIONS: readonly Compression[] = [
  compression("gzip", promisify<Uint8Array, ZlibOptions, Buffer<ArrayBuffer>>(gzip), promisify(gunzip), {}),
  compression("br", promisify(brotliCompress), promisify(brotliDecompress), {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
  }),
  compression("zstd", promisify(zstdCompress), promisify(zstdDecompress), {}),
];

const BY_NAME: ReadonlyMap<string, Compression> = new Map(COMPRESSIONS.map((each) => [each.name, each]));

/** What requests may be compressed with, as errors and headers list it. */
export const SUPPORTED = [...BY_NAME.keys()].join(",");

/** The compression of this name, as a header says it. */
export function compressionNamed(name: string): Compression | undefined {
  return BY_NAME.get(name);
}

function compression<O>(
  name: string,
  pack: Work<O>,
  unpack: Work<{ maxOutputLength: number }>,
  options: O,
): Compression {
  return {
    name,
    async compress(bytes) {
      return owned(await pack(bytes, options));
    },
    async decompress(bytes, readMaxBytes) {
      if (bytes.length === 0) return new Uint8Array();
      try {
        return owned(await unpack(bytes, { maxOutputLength: readMaxBytes }));
      } catch (reason) {
        throw fault(name, readMaxBytes, reason);
      }
    },
  };
}

/** What a client sends that does not decompress, a cut message and junk alike, is its own fault. */
function fault(name: string, readMaxBytes: number, reason: unknown): ConnectError {
  const isTooLarge = reason instanceof Error && "code" in reason && reason.code === "ERR_BUFFER_TOO_LARGE";
  return isTooLarge
    ? new ConnectError(
        `message is larger than configured readMaxBytes ${readMaxBytes} after decompression`,
        Code.ResourceExhausted,
      )
    : new ConnectError(
        `a message does not decompress as ${name}`,
        Code.InvalidArgument,
        undefined,
        undefined,
        reason,
      );
}

/** As Connect has it: over an ArrayBuffer, and no Buffer. */
function owned(bytes: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
