import { type DescField, type DescMessage, getOption, isFieldSet, type Message } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as fieldOption,
  Ignore,
  MapRulesSchema,
  RepeatedRulesSchema,
  StringRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/**
 * Shortens the texts of a message that are far longer than a rule of theirs allows (`max_len`, `max_bytes`, `len`, `len_bytes`), and
 * gives what puts them back; undefined where there are none. A rule that is broken by the whole text is broken by what is left
 * of it: protovalidate makes an array of all characters of a text to count them, which takes thirty times as long as reading it.
 */
export type ShortenTexts = (message: Message) => (() => void) | undefined;

/** Texts of so many UTF-16 units stay as they are, so that all is told of what is wrong with them. */
const MIN_UNITS = 4_096;

type Holder = Record<string, unknown>;

/** Where a value stood before. */
interface Kept {
  readonly holder: Holder;
  readonly name: string;
  readonly value: unknown;
}

/** Shortens what a value holds, and gives the same value where that is nothing, or was done within it. */
type Shorten = (value: unknown, kept: Kept[]) => unknown;

/** Undefined: no text of these messages has such a rule, at any depth. */
export function createShortenTexts(desc: DescMessage): ShortenTexts | undefined {
  const known = new Map<DescMessage, Shorten>();
  const shorten = messageShortener(desc, known);
  if (shorten === undefined) return undefined;
  return (message) => {
    const kept: Kept[] = [];
    shorten(message, kept);
    if (kept.length === 0) return undefined;
    return () => {
      for (const { holder, name, value } of kept) holder[name] = value;
    };
  };
}

function messageShortener(desc: DescMessage, known: Map<DescMessage, Shorten>): Shorten | undefined {
  if (!holdsTexts(desc, new Set())) return undefined;
  const before = known.get(desc);
  if (before !== undefined) return before;
  const fields: { readonly field: DescField; readonly shorten: Shorten }[] = [];
  const all: Shorten = (message, kept) => {
    for (const { field, shorten } of fields) {
      const { oneof, localName } = field;
      const own = message as Holder; // a message of this type
      const holder = oneof === undefined ? own : (own[oneof.localName] as Holder); // as protobuf-es has it
      if (oneof !== undefined && holder.case !== localName) continue;
      const name = oneof === undefined ? localName : "value";
      const value = holder[name];
      const shorter = value === undefined ? undefined : shorten(value, kept);
      if (shorter !== value) put(holder, name, shorter, kept);
    }
    return message;
  };
  // Messages may hold each other.
  known.set(desc, all);
  for (const field of desc.fields) {
    const shorten = fieldShortener(field, known);
    if (shorten !== undefined) fields.push({ field, shorten });
  }
  return all;
}

function put(holder: Holder, name: string, value: unknown, kept: Kept[]): void {
  kept.push({ holder, name, value: holder[name] });
  holder[name] = value;
}

function fieldShortener(field: DescField, known: Map<DescMessage, Shorten>): Shorten | undefined {
  const { own, keys, inner, most = Number.POSITIVE_INFINITY } = heldBy(field);
  const one = own !== undefined ? textShortener(own) : inner && messageShortener(inner, known);
  switch (field.fieldKind) {
    case "list":
      return one && ((list, kept) => shortenList(list as unknown[], most, one, kept)); // a list, by its field
    case "map": {
      const key = keys === undefined ? undefined : textShortener(keys);
      if (one === undefined && key === undefined) return undefined;
      return (map, kept) => shortenMap(map as Holder, most, key ?? same, one ?? same, kept); // a map, by its field
    }
    default:
      return one;
  }
}

function textShortener(units: number): Shorten {
  return (text) => (typeof text === "string" && text.length > units ? text.slice(0, units) : text);
}

/** One with more than `most` elements is refused for their number, before anybody looks at them. */
function shortenList(list: readonly unknown[], most: number, one: Shorten, kept: Kept[]): readonly unknown[] {
  if (list.length > most) return list;
  let shorter: unknown[] | undefined;
  for (let at = 0; at < list.length; at++) {
    const less = one(list[at], kept);
    if (less === list[at]) continue;
    shorter ??= [...list];
    shorter[at] = less;
  }
  return shorter ?? list;
}

function shortenMap(map: Holder, most: number, key: Shorten, one: Shorten, kept: Kept[]): Holder {
  const entries = Object.entries(map);
  if (entries.length > most) return map;
  let isShorter = false;
  const shorter = entries.map(([name, value]) => {
    const entry = [key(name, kept), one(value, kept)] as const;
    if (entry[0] !== name || entry[1] !== value) isShorter = true;
    return entry;
  });
  return isShorter ? Object.fromEntries(shorter) : map;
}

function same(value: unknown): unknown {
  return value;
}

function holdsTexts(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some((field) => {
    const { own, keys, inner } = heldBy(field);
    return own !== undefined || keys !== undefined || (inner !== undefined && holdsTexts(inner, seen));
  });
}

/** What of a field is held against rules. */
interface Held {
  /** The units to which its texts are shortened. */
  readonly own?: number | undefined;
  /** The same of the keys of a map. */
  readonly keys?: number | undefined;
  /** Its messages. */
  readonly inner?: DescMessage | undefined;
  /** Its elements or entries, at most. Default: any number. */
  readonly most?: number | undefined;
}

function heldBy(field: DescField): Held {
  const rules = getOption(field, fieldOption);
  if (isIgnored(rules)) return {};
  switch (rules.type.case) {
    case "repeated": {
      const { items, maxItems } = rules.type.value;
      const most = isFieldSet(rules.type.value, RepeatedRulesSchema.field.maxItems)
        ? Number(maxItems)
        : undefined;
      return { own: unitsOf(items), inner: isIgnored(items) ? undefined : field.message, most };
    }
    case "map": {
      const { keys, values, maxPairs } = rules.type.value;
      const inner = isIgnored(values) ? undefined : field.message;
      const most = isFieldSet(rules.type.value, MapRulesSchema.field.maxPairs) ? Number(maxPairs) : undefined;
      return { own: unitsOf(values), keys: unitsOf(keys), inner, most };
    }
    default:
      return { own: unitsOf(rules), inner: field.message };
  }
}

function isIgnored(rules: FieldRules | undefined): boolean {
  return rules?.ignore === Ignore.ALWAYS;
}

/** A character is of two UTF-16 units at most, and a unit takes a byte at least. */
function unitsOf(rules: FieldRules | undefined): number | undefined {
  if (rules?.type.case !== "string" || isIgnored(rules)) return undefined;
  const text = rules.type.value;
  const { field } = StringRulesSchema;
  const breaking = [
    ...(["maxLen", "len"] as const).map((name) =>
      isFieldSet(text, field[name]) ? 2 * Number(text[name]) : [],
    ),
    ...(["maxBytes", "lenBytes"] as const).map((name) =>
      isFieldSet(text, field[name]) ? Number(text[name]) : [],
    ),
  ].flat();
  return breaking.length === 0 ? undefined : Math.max(Math.min(...breaking) + 1, MIN_UNITS);
}
