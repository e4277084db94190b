import { DATE_FIELD_BYTES, type DateField } from "./date-field.ts";
import {
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  HEAD_BYTES,
  HEADERS,
  MAX_FRAME_BYTES,
  writeHead,
} from "./frames.ts";
import { isName, isValue } from "./header-text.ts";
import { BLOCK_START_BYTES, type Encoder, HEADER_OVERHEAD_BYTES } from "./hpack/encoder.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingHeaders } from "./stream.ts";

/** RFC 9113, 8.2.2. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** What an error shows of a value. */
const SHOWN_CHARACTERS = 40;

/** Writes header blocks. What is written has been measured, and so checked, before: see `measureHeaders`. */
export interface HeaderWriter {
  /** Adds the date where there is a final status and no date. @param status 0 for trailers, which have none. */
  write(id: number, status: number, headers: OutgoingHeaders, mostBytes: number, isEnd: boolean): void;
}

export function createHeaderWriter(outbox: Outbox, encoder: Encoder, date: DateField): HeaderWriter {
  return {
    write(id, status, headers, mostBytes, isEnd) {
      const frames = Math.ceil(mostBytes / MAX_FRAME_BYTES);
      const out = outbox.room(HEAD_BYTES * frames + mostBytes);
      const start = outbox.at;
      let at = encoder.start(out, start + HEAD_BYTES);
      if (status !== 0) at = encoder.status(out, at, status);
      for (const name in headers) {
        const value = headers[name];
        if (value === undefined) continue;
        if (typeof value === "object") for (const one of value) at = encoder.header(out, at, name, one);
        else at = encoder.header(out, at, name, typeof value === "string" ? value : String(value));
      }
      if (status >= 200 && headers.date === undefined) at = date.write(out, at);
      const bytes = at - start - HEAD_BYTES;
      const flags = isEnd ? END_STREAM : 0;
      if (bytes <= MAX_FRAME_BYTES) writeHead(out, start, bytes, HEADERS, flags | END_HEADERS, id);
      else at = split(out, start, bytes, flags, id);
      outbox.advance(at);
    },
  };
}

/**
 * The most bytes that a block takes, with the date that is added. Nothing has been written when it throws: a block that breaks off would leave our
 * table and the peer's different.
 *
 * @throws TypeError for a name or a value that HTTP does not allow in a response.
 */
export function measureHeaders(headers: OutgoingHeaders): number {
  let bytes = BLOCK_START_BYTES + DATE_FIELD_BYTES;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    if (!isName(name) || OF_CONNECTION.has(name))
      throw new TypeError(`${quote(name)} is not the name of a header that HTTP/2 can send`);
    if (typeof value === "object") for (const one of value) bytes += measure(name, one);
    else bytes += measure(name, typeof value === "string" ? value : String(value));
  }
  return bytes;
}

function measure(name: string, value: string): number {
  if (!isValue(value)) throw new TypeError(`${quote(value)} is no value for the header ${name}`);
  return HEADER_OVERHEAD_BYTES + name.length + value.length;
}

function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
}

/** Makes HEADERS and CONTINUATIONs of a block that is too long for one frame, in place and from behind. */
function split(out: Buffer, start: number, bytes: number, flags: number, id: number): number {
  const first = start + HEAD_BYTES;
  const frames = Math.ceil(bytes / MAX_FRAME_BYTES);
  for (let index = frames - 1; index >= 0; index--) {
    const from = first + index * MAX_FRAME_BYTES;
    const length = Math.min(MAX_FRAME_BYTES, bytes - index * MAX_FRAME_BYTES);
    const to = from + index * HEAD_BYTES;
    out.copyWithin(to, from, from + length);
    const last = index === frames - 1 ? END_HEADERS : 0;
    const type = index === 0 ? HEADERS : CONTINUATION;
    writeHead(out, to - HEAD_BYTES, length, type, last | (index === 0 ? flags : 0), id);
  }
  return first + bytes + HEAD_BYTES * (frames - 1);
}
