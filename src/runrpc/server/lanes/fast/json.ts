import { type DescMessage, fromJson, type JsonReadOptions, type Message } from "@bufbuild/protobuf";
import { parseJson } from "../../../parse-json.ts";
import type { ExactCheck } from "../../json/exact-json.ts";
import type { HidesSensitive } from "../../json/hide-sensitive.ts";
import type { Excess } from "../../routes/excess.ts";

export { textOf } from "../../json/json-text.ts";

/** What stands between a JSON document and its message. */
export interface JsonGuards {
  /** Refuses what would be read as another value in silence. Default: nothing. */
  readonly check?: ExactCheck | undefined;
  /** Default: all of the document is read. */
  readonly excess?: Excess | undefined;
  /** Default: errors may quote all of the document. */
  readonly hides?: HidesSensitive | undefined;
}

/**
 * What `fromJsonString` does, for less: it reads every text a second time, character by character, for members that are
 * named twice, and `parseJson` only some.
 *
 * @throws Error what `fromJsonString` throws, and one that names the value that the check does not let pass.
 */
export function readJson(
  schema: DescMessage,
  text: string,
  options: Partial<JsonReadOptions>,
  { check, excess, hides }: JsonGuards = {},
): Message {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    if (hides !== undefined) throw unreadable(schema, hides.textFault(cause));
    throw unreadable(schema, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (excess !== undefined) json = excess.json(json, text.length);
  const inexact = check?.(json, text);
  if (inexact !== undefined) throw unreadable(schema, inexact);
  try {
    return fromJson(schema, json as never, options); // what was parsed is JSON
  } catch (reason) {
    throw hides === undefined ? reason : hides.valueFault(reason, json);
  }
}

function unreadable({ typeName }: DescMessage, what: string, cause?: unknown): Error {
  return new Error(`cannot decode message ${typeName} from JSON: ${what}`, { cause });
}
