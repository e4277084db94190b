import {
  type DescField,
  type DescMessage,
  type JsonWriteOptions,
  type Message,
  ScalarType,
  toJsonString,
} from "@bufbuild/protobuf";
import { findInexact } from "../../codec/inexact.ts";

/**
 * What `toJsonString` does, where the JSON says what the message holds.
 *
 * @throws what `toJsonString` throws, and TypeError that names the first field whose value JSON would have as another one, or as text
 *   that no UTF-8 can carry.
 */
export function exactJsonString(
  desc: DescMessage,
  message: Message,
  options?: Partial<JsonWriteOptions>,
): string {
  const text = toJsonString(desc, message, options);
  // JSON.stringify escapes half a surrogate pair, and nothing else so. Other values are refused by protobuf-es, but for these.
  if (text.includes("\\ud") || takesText(desc)) refuseInexact(desc, message);
  return text;
}

/** @throws TypeError that names the first field whose value would be written as another one. */
export function refuseInexact(desc: DescMessage, message: Message): void {
  const inexact = findInexact(desc, message);
  if (inexact !== undefined) throw new TypeError(`${desc.typeName}.${inexact}`);
}

const known = new WeakMap<DescMessage, boolean>();

/** Whether a message holds, at any depth, a field that protobuf-es writes as it finds it: 64 bits, keys of maps, and Structs. */
function takesText(desc: DescMessage): boolean {
  const before = known.get(desc);
  if (before !== undefined) return before;
  const found = holds(desc, new Set());
  known.set(desc, found);
  return found;
}

function holds(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  // These have a JSON of their own, which is made of numbers.
  if (desc.typeName === "google.protobuf.Timestamp" || desc.typeName === "google.protobuf.Duration")
    return false;
  return desc.fields.some(
    (field) => isWide(field) || hasKeys(field) || (field.message !== undefined && holds(field.message, seen)),
  );
}

function hasKeys(field: DescField): boolean {
  return field.fieldKind === "map" && field.mapKey !== ScalarType.STRING;
}

function isWide({ scalar, message }: DescField): boolean {
  return WIDE.has(scalar) || message?.typeName === "google.protobuf.Struct";
}

const WIDE: ReadonlySet<ScalarType | undefined> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);
