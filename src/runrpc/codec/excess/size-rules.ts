import { type DescField, type DescMessage, getOption, isFieldSet, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as fieldOption,
  Ignore,
  MapRulesSchema,
  RepeatedRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Packing, packingOf } from "./packed.ts";

/** Where a message holds lists and maps whose schema names a greatest size (`max_items`, `max_pairs`), at any depth. */
export interface SizeRules {
  /** By the number of the field: of lists and maps, and of messages that hold some. */
  readonly fields: ReadonlyMap<number, SizeRule>;
  /** The same by tags of one byte, where a look costs less. */
  readonly byTag: readonly (SizeRule | undefined)[];
  /** A message of fewer bytes, or of fewer characters of JSON, breaks none of these rules. */
  readonly leastBytes: number;
}

/** What is known of one field. */
export interface SizeRule {
  readonly kind: "list" | "map" | "message";
  /** Its place among the fields of its message that have one. */
  readonly place: number;
  /** So many elements are enough to break the rule. Infinity: there is no rule for this field. */
  readonly enough: number;
  /** How numbers of a list may stand behind each other without tags; undefined where its elements may not. */
  readonly packing: Packing | undefined;
  /** Of the message, of each element, or of each entry of a map: that is a message with a key (1) and a value (2). */
  readonly inner: SizeRules | undefined;
  /** Its names in JSON. */
  readonly names: ReadonlySet<string>;
}

/** The numbers of the two fields in an entry of a map. */
export const MAP_KEY = 1;
export const MAP_VALUE = 2;

interface Made {
  readonly fields: Map<number, SizeRule>;
  readonly byTag: (SizeRule | undefined)[];
  leastBytes: number;
}

/**
 * Reads the size rules of a message; undefined where it has none.
 *
 * @param leastEnough `enough` is at least this, whatever a rule says.
 */
export function createSizeRules(desc: DescMessage, leastEnough: number): SizeRules | undefined {
  const byMessage = new Map<DescMessage, Made>();
  const all: Made[] = [];
  const root = rulesOf(desc);
  measure(all);
  return root.fields.size === 0 ? undefined : root;

  function rulesOf(message: DescMessage): Made {
    const before = byMessage.get(message);
    if (before !== undefined) return before;
    const rules = add();
    byMessage.set(message, rules);
    for (const field of message.fields) {
      const options = getOption(field, fieldOption);
      if (options.ignore !== Ignore.ALWAYS)
        rules.fields.set(field.number, ruleOf(field, options, rules.fields.size));
    }
    return rules;
  }

  function ruleOf(field: DescField, options: FieldRules, place: number): SizeRule {
    const most = mostOf(field, options);
    const names = new Set([field.name, field.jsonName]);
    const enough = most === undefined ? Number.POSITIVE_INFINITY : Math.max(most + 1, leastEnough);
    const inner =
      field.message === undefined || ignoresElements(options) ? undefined : rulesOf(field.message);
    switch (field.fieldKind) {
      case "list":
        return { kind: "list", place, enough, packing: packingOf(field), inner, names };
      case "map":
        return { kind: "map", place, enough, packing: undefined, inner: inner && entriesWith(inner), names };
      default:
        return { ...WHOLE, place, inner, names };
    }
  }

  function entriesWith(inner: SizeRules): SizeRules {
    const entries = add();
    entries.fields.set(MAP_VALUE, { ...WHOLE, place: 0, inner, names: new Set() });
    return entries;
  }

  function add(): Made {
    const rules = {
      fields: new Map(),
      byTag: Array(0x80).fill(undefined),
      leastBytes: Number.POSITIVE_INFINITY,
    };
    all.push(rules);
    return rules;
  }
}

const WHOLE = { kind: "message", enough: Number.POSITIVE_INFINITY, packing: undefined } as const;

/** Messages may hold each other, so that the least is looked for until it gets no less. What can break no rule is left out. */
function measure(all: readonly Made[]): void {
  for (let isDone = false; !isDone; ) {
    isDone = true;
    for (const rules of all) {
      const leastBytes = Math.min(...[...rules.fields.values()].map(leastBytesOf));
      if (leastBytes >= rules.leastBytes) continue;
      rules.leastBytes = leastBytes;
      isDone = false;
    }
  }
  for (const { fields, byTag } of all)
    for (const [number, rule] of fields)
      if (leastBytesOf(rule) === Number.POSITIVE_INFINITY) fields.delete(number);
      else if (number < 16) byTag.fill(rule, number << 3, (number + 1) << 3);
}

/**
 * An element has a tag and a length, of a byte at least each; so has the message around another one. An entry of a map has a
 * key besides, but for one. Packed numbers may take a byte each: so few of them are cheaper to decode than to look at.
 */
function leastBytesOf({ kind, enough, inner }: SizeRule): number {
  const own = kind === "map" ? (enough - 1) * 5 : enough * 2;
  return Math.min(own, 2 + (inner?.leastBytes ?? Number.POSITIVE_INFINITY));
}

/** The keys of a map must be text: other keys may be written in several ways, so that different bytes may be one entry. */
function mostOf(field: DescField, { type }: FieldRules): number | undefined {
  if (field.fieldKind === "list" && type.case === "repeated")
    return isFieldSet(type.value, RepeatedRulesSchema.field.maxItems)
      ? Number(type.value.maxItems)
      : undefined;
  if (field.fieldKind === "map" && type.case === "map" && field.mapKey === ScalarType.STRING)
    return isFieldSet(type.value, MapRulesSchema.field.maxPairs) ? Number(type.value.maxPairs) : undefined;
  return undefined;
}

function ignoresElements({ type }: FieldRules): boolean {
  switch (type.case) {
    case "repeated":
      return type.value.items?.ignore === Ignore.ALWAYS;
    case "map":
      return type.value.values?.ignore === Ignore.ALWAYS;
    default:
      return false;
  }
}
