import type { DescEnum, DescField, DescMessage, JsonValue } from "@bufbuild/protobuf";
import { closest, didYouMean } from "../../closest.ts";

/** The names that are shown of a long enum. */
const MAX_NAMES = 30;

/**
 * The first value in a message's JSON that its enum does not have, as a sentence with the field and what the enum has;
 * undefined where there is none.
 */
export function enumFault(desc: DescMessage, json: unknown, path = ""): string | undefined {
  if (typeof json !== "object" || json === null || desc.typeName.startsWith("google.protobuf."))
    return undefined;
  for (const [name, value] of Object.entries(json)) {
    const field = desc.fields.find((known) => known.jsonName === name || known.name === name);
    if (field === undefined || value === null) continue;
    const fault = faultOf(field, value, `${path}${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOf(field: DescField, value: unknown, path: string): string | undefined {
  const single = (one: unknown, at: string): string | undefined => {
    if (field.enum !== undefined) return enumValueFault(field.enum, one as JsonValue, at); // a part of a JSON text
    return field.message === undefined ? undefined : enumFault(field.message, one, `${at}.`);
  };
  const isMany = field.fieldKind === "list" || field.fieldKind === "map";
  if (!isMany) return single(value, path);
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, one] of Object.entries(value)) {
    const fault = single(one, `${path}[${key}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A number may be one that a later version of the enum has. */
function enumValueFault({ values }: DescEnum, value: JsonValue, path: string): string | undefined {
  if (typeof value === "number" && Number.isInteger(value)) return undefined;
  const names = values.map(({ name }) => name);
  if (typeof value === "string" && names.includes(value)) return undefined;
  const shown = names.slice(0, MAX_NAMES).join(", ") + (names.length > MAX_NAMES ? ", …" : "");
  const near = typeof value === "string" ? didYouMean(closestName(value, names)) : "";
  return `${path} is ${JSON.stringify(value).slice(0, 100)}; it takes ${shown}${near}`;
}

/** With or without the prefix that all names of an enum have: `ERROR` is `SEVERITY_ERROR`. */
function closestName(value: string, names: readonly string[]): string | undefined {
  return names.find((name) => name.endsWith(`_${value.toUpperCase()}`)) ?? closest(value, names);
}
