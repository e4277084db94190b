import { DataError } from "../data-error.ts";
import { sqlStateOf } from "./postgres-error.ts";

/** character_not_in_repertoire, and untranslatable_character: that of JSON. */
const NUL_STATES: ReadonlySet<string | undefined> = new Set(["22021", "22P05"]);

/** How deep an input is looked through. */
const MAX_DEPTH = 100;

/**
 * What is told of U+0000, which Postgres keeps in no text: `invalid_argument` with the place of the text in what the query was
 * given, such as `displayName`. Other errors stay as they are.
 */
export function namingNul(error: unknown, input: unknown, query?: string): unknown {
  if (!NUL_STATES.has(sqlStateOf(error))) return error;
  const place = placeOfNul(input, 0);
  if (place === undefined) return error;
  const where = place === "" ? "the text" : place.replace(/^\./, "");
  return new DataError("invalid_argument", `${where} holds U+0000, which cannot be stored`, {
    query,
    cause: error,
  });
}

function placeOfNul(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return value.includes("\0") ? "" : undefined;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH || ArrayBuffer.isView(value))
    return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (name.includes("\0")) return "";
    const place = placeOfNul(member, depth + 1);
    if (place !== undefined) return Array.isArray(value) ? `[${name}]${place}` : `.${name}${place}`;
  }
  return undefined;
}
