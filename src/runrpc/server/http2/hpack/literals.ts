/** Writes an integer of HPACK (RFC 7541, 5.1) behind the bits of `first`, and gives the place after it. */
export function writeInteger(out: Buffer, at: number, first: number, mask: number, value: number): number {
  if (value < mask) {
    out[at] = first | value;
    return at + 1;
  }
  let place = at;
  out[place++] = first | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    out[place++] = 0x80 | (rest & 0x7f);
    rest >>>= 7;
  }
  out[place++] = rest;
  return place;
}

/** Writes a text without Huffman's code, which costs time to save a few bytes, and gives the place after it. */
export function writeText(out: Buffer, at: number, text: string): number {
  const { length } = text;
  const place = writeInteger(out, at, 0, 0x7f, length);
  if (length > CALL_CHARACTERS) out.latin1Write(text, place);
  else for (let index = 0; index < length; index++) out[place + index] = text.charCodeAt(index);
  return place + length;
}

/** Up to this length a loop is faster than a call into Node. */
const CALL_CHARACTERS = 64;
