import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ANY, property, quoted } from "./names.ts";
import type { NameOf } from "./read-value.ts";
import {
  calledBy,
  END_GROUP,
  isDelimited,
  isJson,
  isLongAsString,
  isUnwrapped,
  isWide,
  LENGTH_DELIMITED,
  maxBytesOf,
  START_GROUP,
  scalarOf,
  tagBytes,
  tagOf,
  wireTypeOf,
} from "./wire.ts";

const IMPLICIT_PRESENCE = 2;
const REQUIRED = 3;

/** Of an entry of a map: two tags, a key, and the length of a value. */
const ENTRY_ROOM = 24;

/** The function that writes a message or, where `t` is undefined, an initialiser of it. */
export function writerSource(desc: DescMessage, nameOf: NameOf): readonly string[] {
  const room = String(desc.fields.reduce((sum, field) => sum + roomOf(field), 0));
  const fields = desc.fields.toSorted((a, b) => a.number - b.number);
  return [
    `export function ${nameOf("write", desc)}(w: Writer, m: ${ANY}, p: number, isWhole: boolean): number {`,
    "const t = m.$typeName;",
    `if (t === undefined ? isWhole || typeof m !== "object" || Array.isArray(m) : t !== ${quoted(desc.typeName)}) throw BAIL;`,
    ...(fields.length === 0 ? [] : [`let b = ensure(w, p, ${room});`]),
    ...fields.flatMap((field) => writeField(field, nameOf, room)),
    "const unknowns = m.$unknown;",
    "return unknowns === undefined || t === undefined ? p : putUnknown(w, unknowns, p);",
    "}",
    "",
  ];
}

/** What the fixed parts of a field take at most; what is longer makes room for itself, and for this again. */
function roomOf(field: DescField): number {
  const tag = tagBytes(tagOf(field.number, 0)).length;
  const scalar = field.fieldKind === "list" || field.fieldKind === "map" ? undefined : scalarOf(field);
  return tag + 1 + (scalar === undefined ? tag : maxBytesOf(scalar));
}

function writeField(field: DescField, nameOf: NameOf, room: string): readonly string[] {
  switch (field.fieldKind) {
    case "list":
      return whereGiven(field, "Array.isArray(v)", listOf(field, nameOf, room));
    case "map":
      return whereGiven(
        field,
        'typeof v === "object" && v !== null && !Array.isArray(v)',
        mapOf(field, nameOf, room),
      );
  }
  if (field.oneof !== undefined) {
    const value = writeValue(field, nameOf, room);
    // The first case looks whether there is a group at all.
    const isFirst = field.oneof.fields.every(({ number }) => number >= field.number);
    return [
      "{",
      `const o = ${property("m", field.oneof)};`,
      ...(isFirst ? ["if (o == null && t !== undefined) throw BAIL;"] : []),
      `if (o?.case === ${quoted(field.localName)}) {`,
      "const v = o.value;",
      ...value,
      "}",
      "}",
    ];
  }
  if (field.presence !== IMPLICIT_PRESENCE) {
    const isSet = `v !== undefined && (t === undefined || isOwn(m, ${quoted(field.localName)}))`;
    const otherwise = field.presence === REQUIRED ? ["} else throw BAIL;"] : ["}"];
    return [
      "{",
      `const v = ${property("m", field)};`,
      `if (${isSet}) {`,
      ...writeValue(field, nameOf, room),
      ...otherwise,
      "}",
    ];
  }
  return [
    "{",
    `const v = ${property("m", field)};`,
    `if (${isNotZero(field)}) {`,
    "if (v === undefined) { if (t !== undefined) throw BAIL; } else {",
    ...writeValue(field, nameOf, room),
    "}",
    "}",
    "}",
  ];
}

/** A list or a map, which an initialiser may leave out and a message may not. */
function whereGiven(field: DescField, isRight: string, body: readonly string[]): readonly string[] {
  return [
    "{",
    `const v = ${property("m", field)};`,
    "if (v === undefined) { if (t !== undefined) throw BAIL; } else {",
    `if (!(${isRight})) throw BAIL;`,
    ...body,
    "}",
    "}",
  ];
}

function isNotZero(field: DescField): string {
  if (field.enum !== undefined) return `v !== ${field.enum.values[0]?.number ?? 0}`;
  switch (field.scalar) {
    case ScalarType.BOOL:
      return "v !== false";
    case ScalarType.STRING:
      return 'v !== ""';
    case ScalarType.BYTES:
      return "!(v instanceof Uint8Array) || v.byteLength > 0";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      // -0 is written.
      return "!Object.is(v, 0)";
  }
  // As protobuf-es has it: text and bigint are compared with the number.
  if (isLongAsString(field)) return "v != 0";
  return field.scalar !== undefined && isWide(field.scalar) ? "v !== 0n" : "v !== 0";
}

/** The tag and the value `v` of a field, an element or an entry. */
function writeValue(field: DescField, nameOf: NameOf, room: string): readonly string[] {
  const scalar = scalarOf(field);
  if (scalar === undefined) return writeMessage(field, "v", nameOf, room);
  return [
    ...writeTag(field.number, wireTypeOf(scalar)),
    ...writeScalar(scalar, "v", room, isLongAsString(field)),
  ];
}

function writeMessage(field: DescField, value: string, nameOf: NameOf, room: string): readonly string[] {
  const message = calledBy(field);
  if (isDelimited(field) && message !== undefined)
    return [
      ...writeTag(field.number, START_GROUP),
      `p = ${nameOf("write", message)}(w, ${value}, p, t !== undefined);`,
      `b = ensure(w, p, ${room} + 5);`,
      ...writeTag(field.number, END_GROUP),
    ];
  return [
    ...writeTag(field.number, LENGTH_DELIMITED),
    `p = close(w, p, ${messageAt(field, value, nameOf)});`,
    `b = ensure(w, p, ${room});`,
  ];
}

/** The call that writes a message behind the byte that is left for its length. */
function messageAt(field: DescField, value: string, nameOf: NameOf): string {
  const message = calledBy(field);
  if (message === undefined || isJson(field)) return `putStruct(w, ${value}, p + 1)`;
  if (isUnwrapped(field)) return `${nameOf("write", message)}(w, { value: ${value} }, p + 1, false)`;
  return `${nameOf("write", message)}(w, ${value}, p + 1, t !== undefined)`;
}

function listOf(field: DescField, nameOf: NameOf, room: string): readonly string[] {
  const scalar = scalarOf(field);
  if (scalar === undefined)
    return ["for (let i = 0; i < v.length; i++) {", ...writeMessage(field, "v[i]", nameOf, room), "}"];
  const wireType = wireTypeOf(scalar);
  const one = writeScalar(scalar, "v[i]", room, isLongAsString(field));
  if (wireType === LENGTH_DELIMITED)
    return ["for (let i = 0; i < v.length; i++) {", ...writeTag(field.number, wireType), ...one, "}"];
  const tag = tagBytes(tagOf(field.number, 0)).length;
  if ("packed" in field && field.packed)
    return [
      "if (v.length > 0) {",
      `b = ensure(w, p, ${room} + v.length * ${maxBytesOf(scalar)});`,
      ...writeTag(field.number, LENGTH_DELIMITED),
      "const start = p++;",
      "for (let i = 0; i < v.length; i++) {",
      ...one,
      "}",
      "p = close(w, start, p);",
      `b = ensure(w, p, ${room});`,
      "}",
    ];
  return [
    `b = ensure(w, p, ${room} + v.length * ${maxBytesOf(scalar) + tag});`,
    "for (let i = 0; i < v.length; i++) {",
    ...writeTag(field.number, wireType),
    ...one,
    "}",
  ];
}

function mapOf(field: DescField & { fieldKind: "map" }, nameOf: NameOf, room: string): readonly string[] {
  const scalar = scalarOf(field);
  const tag = tagBytes(tagOf(field.number, 0)).length;
  const entryRoom = `${room} + ${ENTRY_ROOM}`;
  const value =
    scalar === undefined
      ? [
          `b = ensure(w, p, ${entryRoom});`,
          ...writeTag(2, LENGTH_DELIMITED),
          `p = close(w, p, ${messageAt(field, "x", nameOf)});`,
        ]
      : [...writeTag(2, wireTypeOf(scalar)), ...writeScalar(scalar, "x", entryRoom)];
  return [
    "for (const k of Object.keys(v)) {",
    `const x = (v as Record<string, unknown>)[k];`,
    `b = ensure(w, p, ${entryRoom} + ${tag});`,
    ...writeTag(field.number, LENGTH_DELIMITED),
    "const start = p++;",
    ...writeTag(1, wireTypeOf(field.mapKey)),
    ...writeScalar(field.mapKey, keyOf(field.mapKey), entryRoom),
    ...value,
    "p = close(w, start, p);",
    `b = ensure(w, p, ${room});`,
    "}",
  ];
}

/** The key of an entry as its scalar: a property's name is text. */
function keyOf(scalar: ScalarType): string {
  if (scalar === ScalarType.STRING) return "k";
  if (scalar === ScalarType.BOOL) return "asBool(k)";
  return isWide(scalar) ? "asWide(k)" : "asInteger(k)";
}

function writeTag(number: number, wireType: number): readonly string[] {
  return tagBytes(tagOf(number, wireType)).map((byte) => `b[p++] = ${byte};`);
}

/** Statements that write a scalar, there being room for one of a fixed size. */
function writeScalar(scalar: ScalarType, value: string, room: string, isText = false): readonly string[] {
  switch (scalar) {
    case ScalarType.STRING:
      return [`p = putText(w, ${value}, p, ${room});`, "b = w.b;"];
    case ScalarType.BYTES:
      return [`p = putBytes(w, ${value}, p, ${room});`, "b = w.b;"];
  }
  const name = ScalarType[scalar];
  return [
    `p = put${name.charAt(0)}${name.slice(1).toLowerCase()}(b, ${isText ? `ofDigits(${value})` : value}, p);`,
  ];
}
