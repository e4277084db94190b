import { BAIL } from "./bail.ts";
import { putDouble } from "./numbers.ts";
import { putText } from "./put-text.ts";
import { double, type Reader, setEntry, varint } from "./reader.ts";
import { text } from "./text.ts";
import { close, ensure, type Writer } from "./writer.ts";

// google.protobuf.Struct, Value and ListValue as protobuf-es has them in the fields of messages: as JSON.
// https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/struct.proto

/** The depth at which protobuf-es refuses a message. */
const MAX_DEPTH = 100;

/** The tags: of Struct, of an entry of its map, of Value and of ListValue. */
const ENTRY = 0x0a;
const KEY = 0x0a;
const ENTRY_VALUE = 0x12;
const NULL = 0x08;
const NUMBER = 0x11;
const STRING = 0x1a;
const BOOL = 0x20;
const STRUCT = 0x2a;
const LIST = 0x32;
const ELEMENT = 0x0a;

/** Room for the parts of a value that have a fixed size, and for the length behind which the next one begins. */
const ROOM = 24;

type JsonObject = Record<string, unknown>;

/** Reads a Struct that ends at `end` as a JSON object. */
export function struct(r: Reader, p: number, end: number, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw BAIL;
  const object: JsonObject = {};
  while (p < end) {
    if (r.b[p++] !== ENTRY) throw BAIL;
    const entryEnd = endOf(r, p, end);
    entry(object, r, r.p, entryEnd, depth);
    p = entryEnd;
  }
  return object;
}

function entry(object: JsonObject, r: Reader, p: number, end: number, depth: number): void {
  const { b } = r;
  if (b[p++] !== KEY) throw BAIL;
  const keyEnd = endOf(r, p, end);
  const key = text(b, r.p, keyEnd);
  if (b[keyEnd] !== ENTRY_VALUE) throw BAIL;
  const valueEnd = endOf(r, keyEnd + 1, end);
  if (valueEnd !== end) throw BAIL;
  setEntry(object, key, value(r, r.p, end, depth + 1));
}

/** Reads a Value of one field, as everybody writes it. Without one it is null. */
function value(r: Reader, p: number, end: number, depth: number): unknown {
  if (depth > MAX_DEPTH) throw BAIL;
  if (p === end) return null;
  const { b } = r;
  const tag = b[p++];
  switch (tag) {
    case NULL:
      if (p + 1 !== end || (b[p] ?? 0) > 0x7f) throw BAIL;
      return null;
    case NUMBER:
      if (p + 8 !== end) throw BAIL;
      return double(b, p);
    case BOOL:
      if (p + 1 !== end || (b[p] ?? 0) > 0x7f) throw BAIL;
      return b[p] !== 0;
  }
  if (endOf(r, p, end) !== end) throw BAIL;
  switch (tag) {
    case STRING:
      return text(b, r.p, end);
    case STRUCT:
      return struct(r, r.p, end, depth + 1);
    case LIST:
      return list(r, r.p, end, depth + 1);
    default:
      throw BAIL;
  }
}

function list(r: Reader, p: number, end: number, depth: number): unknown[] {
  if (depth > MAX_DEPTH) throw BAIL;
  const values: unknown[] = [];
  while (p < end) {
    if (r.b[p++] !== ELEMENT) throw BAIL;
    const elementEnd = endOf(r, p, end);
    values.push(value(r, r.p, elementEnd, depth + 1));
    p = elementEnd;
  }
  return values;
}

/** Where that ends whose length stands at `p`; it begins at `r.p`. */
function endOf(r: Reader, p: number, end: number): number {
  let length = r.b[p++] ?? 0;
  if (length > 0x7f) length = varint(r, p);
  else r.p = p;
  if (r.p + length > end) throw BAIL;
  return r.p + length;
}

/** Writes a JSON object as a Struct, without its length. */
export function putStruct(w: Writer, object: unknown, p: number): number {
  if (typeof object !== "object" || object === null || !isPlain(object)) throw BAIL;
  for (const key of Object.keys(object)) {
    ensure(w, p, ROOM)[p++] = ENTRY;
    const start = p++;
    ensure(w, p, ROOM)[p++] = KEY;
    p = putText(w, key, p, ROOM);
    ensure(w, p, ROOM)[p++] = ENTRY_VALUE;
    const valueStart = p;
    // The properties of the object are its own, whatever their names.
    p = close(w, valueStart, putValue(w, (object as JsonObject)[key], valueStart + 1));
    p = close(w, start, p);
  }
  return p;
}

/** A Date or a Map has no properties, and would be an empty object. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function putValue(w: Writer, json: unknown, p: number): number {
  const b = ensure(w, p, ROOM);
  switch (typeof json) {
    case "string":
      b[p++] = STRING;
      return putText(w, json, p, ROOM);
    case "number":
      b[p++] = NUMBER;
      return putDouble(b, json, p);
    case "boolean":
      b[p++] = BOOL;
      b[p++] = json ? 1 : 0;
      return p;
    case "object": {
      if (json === null) {
        b[p++] = NULL;
        b[p++] = 0;
        return p;
      }
      b[p++] = Array.isArray(json) ? LIST : STRUCT;
      return close(w, p, Array.isArray(json) ? putList(w, json, p + 1) : putStruct(w, json, p + 1));
    }
    default:
      throw BAIL;
  }
}

function putList(w: Writer, values: readonly unknown[], p: number): number {
  for (const each of values) {
    ensure(w, p, ROOM)[p++] = ELEMENT;
    p = close(w, p, putValue(w, each, p + 1));
  }
  return p;
}
