/** What PROTOCOL-HTTP2 leaves as it is: printable ASCII, but for the percent sign. HTTP takes no space at either end. */
const PLAIN = /^(?! )[ -$&-~]*(?<! )$/;

/**
 * A text as `grpc-message` carries it: every byte of its UTF-8 outside 0x20–0x7E, and the percent sign, as `%` and two
 * hexadecimal digits (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Percent-Encoded"). Clients
 * decode no more than that: grpc-js leaves `%3A` and `%2C` alone, which encodeURIComponent makes of `:` and `,`.
 */
export function percentEncoded(text: string): string {
  if (PLAIN.test(text)) return text;
  let encoded = "";
  // UTF-8 has no other bytes for half a surrogate pair than those of U+FFFD.
  const bytes = Buffer.from(text);
  const last = bytes.length - 1;
  for (const [at, byte] of bytes.entries()) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    const isInnerSpace = byte === 0x20 && at > 0 && at < last;
    encoded +=
      isPlain || isInnerSpace
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
