import {
  type DescExtension,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Registry,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { boundedText } from "../bounded-text.ts";
import { holdsSensitive, isSensitive } from "../requests/sensitive.ts";

/** What stands in an error in the place of a value. */
export const NOT_SHOWN = "the value cannot be read, and is not shown, because the field is sensitive";

/** Errors of reading JSON, for a message that holds sensitive fields: what a client is told ends up in records and logs. */
export interface HidesSensitive {
  /** Says why a text is no JSON. The words of V8 quote what stands around the fault. */
  textFault(reason: unknown): string;
  /** Gives the error that is told where protobuf-es did not take a document: its own, which quotes values, or one that hides them. */
  valueFault(reason: unknown, json: unknown): unknown;
}

/** Undefined: messages of this type hold nothing that is sensitive. */
export function createHidesSensitive(desc: DescMessage, registry: Registry): HidesSensitive | undefined {
  if (!holdsSensitive(desc, registry)) return undefined;
  const known = new Map<DescMessage, KnownType>();
  const typeOf = (message: DescMessage): KnownType => {
    const type = known.get(message) ?? knownType(message, registry);
    known.set(message, type);
    return type;
  };
  return {
    textFault(reason) {
      if (reason instanceof RangeError) return reason.message;
      const message = reason instanceof Error ? reason.message : "";
      if (message.startsWith("duplicate object key")) return "a name stands twice in an object";
      const place = /at position \d+/.exec(message)?.[0];
      return `it is not valid JSON${place === undefined ? "" : `, ${place}`}`;
    },
    valueFault(reason, json) {
      const leftOut = new Set<string>();
      const rest = withoutSensitive(desc, json, "", 0, { registry, typeOf, leftOut });
      if (leftOut.size === 0) return reason;
      try {
        fromJson(desc, (rest ?? {}) as JsonValue, { ignoreUnknownFields: true, registry });
      } catch (other) {
        return other;
      }
      const { typeName } = desc;
      return new Error(`cannot decode message ${typeName} from JSON: ${namesOf(leftOut)}: ${NOT_SHOWN}`);
    },
  };
}

/** Fields that an error names, and the greatest length of each name, in bytes. */
const MAX_NAMED = 5;
const MAX_NAME_BYTES = 128;

function namesOf(leftOut: ReadonlySet<string>): string {
  const names = [...leftOut].slice(0, MAX_NAMED).map((name) => boundedText(name, MAX_NAME_BYTES));
  return `${names.join(" or ")}${leftOut.size > MAX_NAMED ? " or another one" : ""}`;
}

/** What is asked of a type for each part of a document that may have millions: it is found out once. */
interface KnownType {
  readonly isHolder: boolean;
  readonly fieldsByName: ReadonlyMap<string, DescField>;
}

function knownType(message: DescMessage, registry: Registry): KnownType {
  return {
    isHolder: holdsSensitive(message, registry),
    fieldsByName: new Map(
      message.fields.flatMap((field) => [
        [field.name, field],
        [field.jsonName, field],
      ]),
    ),
  };
}

interface Leaving {
  readonly registry: Registry;
  readonly typeOf: (message: DescMessage) => KnownType;
  /** The names of fields, without the places in lists and maps. */
  readonly leftOut: Set<string>;
}

/** Deeper than protobuf-es reads a message: nothing of it is told. */
const MAX_DEPTH = 100;

/**
 * The document without its sensitive members. Undefined: something else stands where a message would be that holds such.
 *
 * @param path of the message, such as `account.`
 */
function withoutSensitive(
  desc: DescMessage,
  json: unknown,
  path: string,
  depth: number,
  leaving: Leaving,
): unknown {
  if (json === null || depth > MAX_DEPTH) return json;
  if (typeof json !== "object" || Array.isArray(json)) {
    if (!leaving.typeOf(desc).isHolder) return json;
    leaving.leftOut.add(path.slice(0, -1) || desc.typeName);
    return undefined;
  }
  const type = desc.typeName === AnySchema.typeName ? (heldBy(json, leaving.registry) ?? desc) : desc;
  const { fieldsByName } = leaving.typeOf(type);
  const left = Object.entries(json).flatMap(([name, value]): [string, unknown][] => {
    const field = name.startsWith("[")
      ? leaving.registry.getExtension(name.slice(1, -1))
      : fieldsByName.get(name);
    if (field === undefined) return [[name, value]];
    if (isSensitive(field)) {
      leaving.leftOut.add(`${path}${field.name}`);
      return [];
    }
    const kept = field.message === undefined ? value : inField(field, value, path, depth + 1, leaving);
    return kept === undefined ? [] : [[name, kept]];
  });
  return Object.fromEntries(left);
}

/** What holds messages. */
function inField(
  field: DescField | DescExtension,
  json: unknown,
  path: string,
  depth: number,
  leaving: Leaving,
): unknown {
  const { message } = field;
  if (message === undefined) return json;
  const one = (value: unknown): unknown =>
    withoutSensitive(message, value, `${path}${field.name}.`, depth, leaving);
  if (field.fieldKind === "list" && Array.isArray(json))
    return json.map(one).filter((value) => value !== undefined);
  if (field.fieldKind === "map" && typeof json === "object" && json !== null && !Array.isArray(json))
    return Object.fromEntries(
      Object.entries(json)
        .map(([key, value]) => [key, one(value)] as const)
        .filter(([, value]) => value !== undefined),
    );
  return one(json);
}

/** The type of what an Any holds, where the registry knows it. */
function heldBy(json: object, registry: Registry): DescMessage | undefined {
  const { "@type": url } = json as { readonly "@type"?: unknown }; // whatever a client sends
  return typeof url === "string" ? registry.getMessage(url.slice(url.lastIndexOf("/") + 1)) : undefined;
}
