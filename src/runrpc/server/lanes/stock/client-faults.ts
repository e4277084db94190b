import { Code, ConnectError } from "@connectrpc/connect";

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
