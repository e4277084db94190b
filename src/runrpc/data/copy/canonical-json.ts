import { parseJson } from "../../parse-json.ts";
import { printable } from "../../printable.ts";
import { Unstorable } from "./unstorable.ts";

/**
 * A JSON text as both databases have it: without spaces, members in the order of their names, numbers as a query reads them.
 *
 * @throws Unstorable for what `jsonb` does not take, or not as it is: text that is no JSON, U+0000, half of a surrogate pair, a name
 * that stands twice in an object; and for what is not compared: a number that no double holds, a document that is too deep.
 */
export function canonicalJson(text: string): string {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw unstorable(error);
  }
  return written(value);
}

/** Characters of a reason: a name may be of any length. */
const shownChars = 200;

function unstorable(error: unknown): Unstorable {
  const reason = printable(error instanceof Error ? error.message : String(error));
  const shown = reason.length > shownChars ? `${reason.slice(0, shownChars)}…` : reason;
  return new Unstorable(
    error instanceof SyntaxError ? `is no JSON: ${shown}` : `has JSON that is not copied: ${shown}`,
  );
}

function written(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(checked(value));
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Unstorable("has a number in its JSON that no double holds");
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
