/** A message in the five bytes of framing that gRPC, gRPC-Web and Connect's streams share: flags, then its length. */
export function envelope(message: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

/** The envelopes in a body. @throws RangeError when the last one is cut short. */
export function envelopesIn(body: Buffer): { readonly flags: number; readonly data: Buffer }[] {
  const found: { flags: number; data: Buffer }[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end > body.length) throw new RangeError(`an envelope ends at ${end}, the body at ${body.length}`);
    found.push({ flags: body.readUInt8(at), data: body.subarray(at + 5, end) });
    at = end;
  }
  return found;
}
