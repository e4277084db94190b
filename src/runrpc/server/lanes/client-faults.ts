import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { compressionZstd } from "./zstd.ts";

/**
 * The compressions that are taken and given. What a client sends that does not decompress, a cut gzip and junk alike, is
 * its own fault: connect-node 2.2.0 takes some of what zlib says (`Z_BUF_ERROR`) for an error of the server.
 */
export const COMPRESSIONS: readonly Compression[] = [compressionGzip, compressionBrotli, compressionZstd].map(
  (compression) => ({
    name: compression.name,
    compress: (bytes) => compression.compress(bytes),
    decompress: (bytes, readMaxBytes) =>
      compression.decompress(bytes, readMaxBytes).catch((reason: unknown) => {
        const { code } = ConnectError.from(reason);
        if (code === Code.ResourceExhausted || code === Code.InvalidArgument) throw reason;
        const text = `a message does not decompress as ${compression.name}`;
        throw new ConnectError(text, Code.InvalidArgument, undefined, undefined, reason);
      }),
  }),
);

/**
 * Gives an error of the adapter the code that it should have: binary input that it cannot parse is an internal error to
 * it, where JSON is an invalid argument. A compressed message where no compression was named stays `internal`, as
 * https://github.com/grpc/grpc/blob/master/doc/compression.md ("MUST fail with INTERNAL status") has it. A stream that was
 * reset before its handler began is its client's doing, whatever the code says: nghttp2 resets those that break a rule.
 */
export function blameClient(reason: unknown): void {
  if (!(reason instanceof ConnectError)) return;
  // `code` is read-only to the compiler alone, and nothing has read this error yet.
  if (reason.code === Code.Internal && reason.rawMessage.startsWith("parse binary: "))
    Object.assign(reason, { code: Code.InvalidArgument });
  if (reason.rawMessage.startsWith("http/2 stream closed with error code "))
    Object.assign(reason, { code: Code.Canceled });
}
