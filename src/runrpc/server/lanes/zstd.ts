import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Zstandard (RFC 8878) by Node's thread pool, as connect-node has gzip and Brotli. */
export const compressionZstd: Compression = {
  name: "zstd",
  async compress(bytes) {
    return owned(await compress(bytes));
  },
  async decompress(bytes, readMaxBytes) {
    if (bytes.length === 0) return new Uint8Array();
    try {
      return owned(await decompress(bytes, { maxOutputLength: readMaxBytes }));
    } catch (reason) {
      const isTooLarge =
        reason instanceof Error && "code" in reason && reason.code === "ERR_BUFFER_TOO_LARGE";
      if (!isTooLarge) throw reason;
      const text = `message is larger than configured readMaxBytes ${readMaxBytes} after decompression`;
      throw new ConnectError(text, Code.ResourceExhausted);
    }
  },
};

/** As Connect has it: over an ArrayBuffer, and no Buffer. */
function owned(bytes: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
