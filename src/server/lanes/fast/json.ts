import {
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonReadOptions,
  type Message,
} from "@bufbuild/protobuf";

const decoder = new TextDecoder();

/** The text of a body, without a byte order mark. `decode` does it all, and costs more on small bodies. */
export function textOf(bytes: Uint8Array): string {
  return bytes[0] === 0xef || !(bytes instanceof Buffer) ? decoder.decode(bytes) : bytes.toString();
}

/**
 * What `fromJsonString` does, for less. JSON may not name a member twice, and JSON.parse keeps the last of
 * them in silence, so `fromJsonString` reads the text a second time, character by character. Here the strings are
 * counted instead: what was parsed has fewer than the text when a member got lost.
 *
 * @throws Error what `fromJsonString` throws.
 */
export function readJson(schema: DescMessage, text: string, options: Partial<JsonReadOptions>): Message {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fromJsonString(schema, text, options);
  }
  // An escaped quote would count as one.
  if (text.includes("\\") || countQuotes(text) !== 2 * countStrings(json))
    return fromJsonString(schema, text, options);
  return fromJson(schema, json as never, options); // what JSON.parse gives is JSON
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}

/** Names of members and values that are strings, at any depth. */
function countStrings(json: unknown): number {
  if (typeof json === "string") return 1;
  if (typeof json !== "object" || json === null) return 0;
  let count = 0;
  if (Array.isArray(json)) for (const value of json) count += countStrings(value);
  else
    for (const name of Object.keys(json)) count += 1 + countStrings((json as Record<string, unknown>)[name]);
  return count;
}
