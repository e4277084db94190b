// What frames look like on the wire (RFC 9113, 4.1 and 6).

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x01;
export const ACK = 0x01;
export const END_HEADERS = 0x04;
export const PADDED = 0x08;
export const HAS_PRIORITY = 0x20;

/** Length, type, flags and stream. */
export const HEAD_BYTES = 9;
/** The greatest payload that a peer may send us: we leave SETTINGS_MAX_FRAME_SIZE at its default. */
export const MAX_FRAME_BYTES = 16_384;
/** Of stream ids and of windows: 31 bits. */
export const MAX_UINT31 = 0x7fff_ffff;
/** Of every window before SETTINGS or WINDOW_UPDATE change it. */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** Writes the nine bytes that begin a frame. By hand, because `writeUIntBE` costs ten times as much. */
export function writeHead(
  out: Buffer,
  at: number,
  payloadBytes: number,
  type: number,
  flags: number,
  id: number,
): void {
  out[at] = payloadBytes >>> 16;
  out[at + 1] = payloadBytes >>> 8;
  out[at + 2] = payloadBytes;
  out[at + 3] = type;
  out[at + 4] = flags;
  writeUint32(out, at + 5, id);
}

export function writeUint32(out: Buffer, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** A stream id or a window increment: the highest bit is reserved and ignored. */
export function readUint31(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & MAX_UINT31;
}
