import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

// What protobuf's encoding and protobuf-es's messages have to do with a field, as the generator asks for it.
// https://protobuf.dev/programming-guides/encoding/

export const VARINT = 0;
export const BITS_64 = 1;
export const LENGTH_DELIMITED = 2;
export const START_GROUP = 3;
export const END_GROUP = 4;
export const BITS_32 = 5;

export function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

/** The bytes of a tag. */
export function tagBytes(tag: number): readonly number[] {
  return tag < 0x80 ? [tag] : [(tag & 0x7f) | 0x80, ...tagBytes(tag >>> 7)];
}

/** How a scalar is written. An enum is written as an int32. */
export function wireTypeOf(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.BYTES:
    case ScalarType.STRING:
      return LENGTH_DELIMITED;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BITS_64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return BITS_32;
    default:
      return VARINT;
  }
}

/** The most bytes of a scalar; of text and bytes those of the length alone, which their writer makes room for. */
export function maxBytesOf(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.BYTES:
    case ScalarType.STRING:
      return 0;
    case ScalarType.BOOL:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 4;
    case ScalarType.UINT32:
    case ScalarType.SINT32:
      return 5;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 8;
    default:
      return 10;
  }
}

/** Whether its values are of bigint, or of text with `jstype = JS_STRING`. */
export function isWide(scalar: ScalarType): boolean {
  switch (scalar) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return true;
    default:
      return false;
  }
}

/** The scalar that the value of a field, an element or an entry is written as; undefined for a message. */
export function scalarOf(field: DescField): ScalarType | undefined {
  return field.enum === undefined ? field.scalar : ScalarType.INT32;
}

export function isLongAsString(field: DescField): boolean {
  return "longAsString" in field && field.longAsString;
}

export function isDelimited(field: DescField): boolean {
  return "delimitedEncoding" in field && field.delimitedEncoding;
}

/** A field in which protobuf-es has a message of google/protobuf/wrappers.proto as its value. */
export function isUnwrapped(field: DescField): boolean {
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(field.message);
}

/** A field in which protobuf-es has a google.protobuf.Struct as JSON. */
export function isJson({ message, parent }: DescField): boolean {
  return message?.typeName === "google.protobuf.Struct" && parent?.typeName !== "google.protobuf.Value";
}

/** The message that the codec of another one calls for a field. */
export function calledBy(field: DescField): DescMessage | undefined {
  return isJson(field) ? undefined : field.message;
}
