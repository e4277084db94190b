import { type DescField, type DescMessage, type Registry, ScalarType } from "@bufbuild/protobuf";
import { isSensitive } from "../requests/sensitive.ts";
import {
  inexactDuration,
  inexactInteger,
  inexactTimestamp,
  inexactValue,
  LONG_NUMBER,
  quoted,
  withRounded,
} from "./exact-values.ts";
import { NOT_SHOWN } from "./hide-sensitive.ts";

/**
 * What is not exact about a part of a JSON document: the path to it and what is wrong there, such as
 * `.entries[3].time: "2024-02-30T00:00:00Z" is no date`. Undefined: nothing.
 */
export type Inexact = string | undefined;

/** `json` is what was parsed of `text`. */
export type ExactCheck = (json: unknown, text: string) => Inexact;

type Walk = (json: unknown, depth: number) => Inexact;

/** Deeper than protobuf-es reads a message. */
const MAX_DEPTH = 100;

/**
 * Makes the check of JSON documents that are to become messages of this type: protobuf-es reads some values as others
 * in silence. February 30 becomes March 1, a name that an enum does not have its first value, and 9007199254740993
 * without quotes 9007199254740992. Undefined where the message holds, at any depth, no field that such a thing can happen
 * to. What is no such message at all is left to protobuf-es.
 */
export function createExactCheck(desc: DescMessage, registry: Registry): ExactCheck | undefined {
  const walks = new Map<DescMessage, Walk>();
  const walk = walkOf(desc);
  if (!needsCheck(desc, new Set())) return undefined;
  return (json, text) => walk(LONG_NUMBER.test(text) ? withRounded(text) : json, 0)?.replace(/^[.]|^: /, "");

  /** Made when it is first used: a message may hold itself. */
  function walkOf(message: DescMessage): Walk {
    const known = walks.get(message);
    if (known !== undefined) return known;
    let made: Walk | undefined;
    const lazy: Walk = (json, depth) => {
      if (depth > MAX_DEPTH) return undefined;
      made ??= walkOfType(message);
      return made(json, depth);
    };
    walks.set(message, lazy);
    return lazy;
  }

  function walkOfType(message: DescMessage): Walk {
    switch (message.typeName) {
      case "google.protobuf.Timestamp":
        return inexactTimestamp;
      case "google.protobuf.Duration":
        return inexactDuration;
      case "google.protobuf.Struct":
      case "google.protobuf.Value":
      case "google.protobuf.ListValue":
        return inexactValue;
      case "google.protobuf.Any":
        return walkAny;
      case "google.protobuf.Int64Value":
      case "google.protobuf.UInt64Value":
        return inexactInteger;
      default:
        return walkFields(message);
    }
  }

  function walkFields({ fields }: DescMessage): Walk {
    const byName = new Map<string, Walk>();
    for (const field of fields) {
      const walkField = needsFieldCheck(field, new Set()) ? hiding(field, walkOfField(field)) : undefined;
      if (walkField !== undefined) byName.set(field.name, walkField).set(field.jsonName, walkField);
    }
    return (json, depth) => {
      if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
      for (const [name, walkField] of byName) {
        if (!Object.hasOwn(json, name)) continue;
        const found = walkField((json as Record<string, unknown>)[name], depth + 1); // an object, see above
        if (found !== undefined) return `.${name}${found}`;
      }
      return undefined;
    };
  }

  function walkOfField(field: DescField): Walk {
    const one = walkOfOne(field);
    switch (field.fieldKind) {
      case "list":
        return (json, depth) => (Array.isArray(json) ? walkEach(json.entries(), one, depth) : undefined);
      case "map": {
        const walkKey = LONG_TYPES.has(field.mapKey) ? inexactInteger : nothing;
        return (json, depth) => walkMap(json, walkKey, one, depth);
      }
      default:
        return one;
    }
  }

  function walkOfOne(field: DescField): Walk {
    if (field.message !== undefined) return walkOf(field.message);
    if (field.enum === undefined) return isLong(field) ? inexactInteger : nothing;
    const names = new Set(field.enum.values.flatMap(({ name, jsonName }) => [name, jsonName]));
    const type = field.enum.typeName;
    return (json) =>
      typeof json === "string" && !names.has(json) ? `: ${quoted(json)} is no value of ${type}` : undefined;
  }

  function walkAny(json: unknown, depth: number): Inexact {
    if (typeof json !== "object" || json === null) return undefined;
    const { "@type": url, value } = json as Record<string, unknown>; // an object, see above
    const message =
      typeof url === "string" ? registry.getMessage(url.slice(url.lastIndexOf("/") + 1)) : undefined;
    if (message === undefined) return undefined;
    const found = walkOf(message)(json, depth + 1);
    if (found !== undefined || value === undefined) return found;
    // A type with a JSON of its own stands in `value`.
    return message.typeName.startsWith("google.protobuf.") ? walkOf(message)(value, depth + 1) : undefined;
  }
}

/** Of a sensitive field nothing but its name is told. */
function hiding(field: DescField, walk: Walk): Walk {
  if (!isSensitive(field)) return walk;
  return (json, depth) => (walk(json, depth) === undefined ? undefined : `: ${NOT_SHOWN}`);
}

function walkEach(entries: Iterable<readonly [unknown, unknown]>, walk: Walk, depth: number): Inexact {
  for (const [key, value] of entries) {
    const found = walk(value, depth);
    if (found !== undefined) return `[${key}]${found}`;
  }
  return undefined;
}

function walkMap(json: unknown, walkKey: Walk, walk: Walk, depth: number): Inexact {
  if (typeof json !== "object" || json === null) return undefined;
  for (const [key, value] of Object.entries(json)) {
    const found = walkKey(key, depth) ?? walk(value, depth);
    if (found !== undefined) return `[${quoted(key)}]${found}`;
  }
  return undefined;
}

function nothing(): undefined {}

const CHECKED_TYPES: ReadonlySet<string> = new Set(
  ["Timestamp", "Duration", "Struct", "Value", "ListValue", "Any"].map((name) => `google.protobuf.${name}`),
);

function needsCheck(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (CHECKED_TYPES.has(desc.typeName)) return true;
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some((field) => needsFieldCheck(field, seen));
}

function needsFieldCheck(field: DescField, seen: Set<DescMessage>): boolean {
  if (field.message !== undefined) return needsCheck(field.message, seen);
  const hasLongKey = field.fieldKind === "map" && LONG_TYPES.has(field.mapKey);
  return field.enum !== undefined || isLong(field) || hasLongKey;
}

const LONG_TYPES: ReadonlySet<ScalarType | undefined> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

function isLong({ scalar }: DescField): boolean {
  return LONG_TYPES.has(scalar);
}
