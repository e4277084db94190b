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
import { BLOCK_START_BYTES, type Encoder, HEADER_OVERHEAD_BYTES } from "./hpack/encoder.ts";
import { type OutgoingField, outgoingField } from "./hpack/outgoing-field.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingHeaders } from "./stream.ts";

/** Writes header blocks. What is written has been measured, and so checked, before: see `measureHeaders`. */
export interface HeaderWriter {
  /** Adds the date where there is a final status and no date. @param status 0 for trailers, which have none. */
  write(id: number, status: number, headers: OutgoingHeaders, mostBytes: number, isEnd: boolean): void;
}

/**
 * The fields of the headers, and of the trailers, that were written last, in their order: those of the next ones are mostly the
 * same, and are not looked up.
 */
const lastHeaders: OutgoingField[] = [];
const lastTrailers: OutgoingField[] = [];

export function createHeaderWriter(outbox: Outbox, encoder: Encoder, date: DateField): HeaderWriter {
  return {
    write(id, status, headers, mostBytes, isEnd) {
      const frames = Math.ceil(mostBytes / MAX_FRAME_BYTES);
      const out = outbox.room(HEAD_BYTES * frames + mostBytes);
      const start = outbox.at;
      let at = encoder.start(out, start + HEAD_BYTES);
      if (status !== 0) at = encoder.status(out, at, status);
      const last = status === 0 ? lastTrailers : lastHeaders;
      let place = 0;
      for (const name in headers) {
        const value = headers[name];
        if (value === undefined) continue;
        const field = fieldAt(last, place++, name);
        if (typeof value === "object") for (const one of value) at = encoder.header(out, at, field, one);
        else at = encoder.header(out, at, field, typeof value === "string" ? value : String(value));
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
export function measureHeaders(headers: OutgoingHeaders, areTrailers: boolean): number {
  const last = areTrailers ? lastTrailers : lastHeaders;
  let bytes = BLOCK_START_BYTES + DATE_FIELD_BYTES;
  let place = 0;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const field = fieldAt(last, place++, name);
    if (typeof value === "object") for (const one of value) bytes += measure(field, one);
    else bytes += measure(field, typeof value === "string" ? value : String(value));
  }
  return bytes;
}

function measure(field: OutgoingField, value: string): number {
  field.check(value);
  return HEADER_OVERHEAD_BYTES + field.name.length + value.length;
}

/** Places that are remembered of headers, and of trailers. */
const MAX_PLACES = 16;

function fieldAt(last: OutgoingField[], place: number, name: string): OutgoingField {
  const before = last[place];
  if (before !== undefined && before.name === name) return before;
  const field = outgoingField(name);
  if (place < MAX_PLACES && place <= last.length) last[place] = field;
  return field;
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
