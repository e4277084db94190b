import { parseJson } from "../../parse-json.ts";
import { Unstorable } from "./unstorable.ts";

/**
 * A JSON text as both databases have it: without spaces, members in the order of their names, numbers as a query reads them.
 *
 * @throws Unstorable for what `jsonb` does not take: text that is no JSON, U+0000, half of a surrogate pair.
 */
export function canonicalJson(text: string): string {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new Unstorable(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return written(value);
}

function written(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(checked(value));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(checked(name))}:${written(member)}`).join(",")}}`;
}

function checked(text: string): string {
  if (text.includes("\0")) throw new Unstorable("has U+0000 in its JSON");
  if (!text.isWellFormed()) throw new Unstorable("has half of a surrogate pair in its JSON");
  return text;
}
