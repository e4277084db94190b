import { clone, type DescField, type DescMessage, type Message, type Registry } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { isSensitive } from "./sensitive.ts";

/** A message without what is sensitive. */
export interface Redacted {
  readonly message: Message;
  /** What was left out, by its path, such as `cards[0].number`. */
  readonly leftOut: readonly string[];
}

/**
 * Copies a message without the fields that are marked `sensitive`, at any depth, in lists, maps and `google.protobuf.Any` too.
 * What nobody can tell whether it is goes as well: an Any of a type that the registry does not know, and fields that the
 * schema does not know.
 */
export function redact(desc: DescMessage, message: Message, registry: Registry): Redacted {
  const copy = clone(desc, message);
  const leftOut: string[] = [];
  strip(reflect(desc, copy), "", { registry, leftOut });
  return { message: copy, leftOut };
}

interface Stripping {
  readonly registry: Registry;
  readonly leftOut: string[];
}

function strip(message: ReflectMessage, path: string, stripping: Stripping): void {
  if ((message.getUnknown() ?? []).length > 0) {
    message.setUnknown([]);
    stripping.leftOut.push(`${path}unknown fields`);
  }
  if (message.desc.typeName === AnySchema.typeName) {
    stripAny(message.message as Any, path, stripping); // by its name
    return;
  }
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const name = `${path}${field.name}`;
    if (isSensitive(field)) {
      message.clear(field);
      stripping.leftOut.push(name);
    } else if (field.message !== undefined) stripValue(message, field, name, stripping);
  }
}

/** Of a field that holds messages. */
function stripValue(message: ReflectMessage, field: DescField, name: string, stripping: Stripping): void {
  switch (field.fieldKind) {
    case "message":
      strip(message.get(field), `${name}.`, stripping);
      break;
    case "list":
      for (const [at, item] of [...message.get(field)].entries())
        strip(item as ReflectMessage, `${name}[${at}].`, stripping); // a list of messages
      break;
    case "map":
      for (const [key, value] of message.get(field))
        strip(value as ReflectMessage, `${name}[${JSON.stringify(key)}].`, stripping); // a map of messages
      break;
  }
}

/** What it holds is read, stripped and packed again. */
function stripAny(any: Any, path: string, stripping: Stripping): void {
  if (any.value.length === 0) return;
  const held = unpacked(any, stripping.registry);
  const desc = held && stripping.registry.getMessage(held.$typeName);
  if (held === undefined || desc === undefined) {
    any.value = new Uint8Array();
    stripping.leftOut.push(`${path}value`);
    return;
  }
  strip(reflect(desc, held), path, stripping);
  anyPack(desc, held, any);
}

/** Undefined: its type is not known, or its bytes are none. */
function unpacked(any: Any, registry: Registry): Message | undefined {
  try {
    return anyUnpack(any, registry);
  } catch {
    return undefined;
  }
}
