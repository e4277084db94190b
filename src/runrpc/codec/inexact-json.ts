import { HALF_A_PAIR, typeOf } from "./inexact-words.ts";

/** Deeper than a message may be. */
const MAX_DEPTH = 101;

/** Of a member's name in a path, in characters. */
const MAX_NAME_CHARS = 64;

/**
 * What is no JSON in the value of a `google.protobuf.Struct`, which protobuf-es has as a JSON object and writes as null or as an empty
 * object: a function, a bigint, a Date; and a text or name that UTF-8 cannot carry. `undefined` is null there.
 */
export function inexactJson(json: unknown, depth = 0): string | undefined {
  switch (typeof json) {
    case "string":
      return json.isWellFormed() ? undefined : `: ${HALF_A_PAIR}`;
    case "number":
    case "boolean":
    case "undefined":
      return undefined;
    case "object":
      return json === null || depth > MAX_DEPTH ? undefined : inexactObject(json, depth);
    default:
      return `: ${typeOf(json)} is no JSON`;
  }
}

function inexactObject(json: object, depth: number): string | undefined {
  const isList = Array.isArray(json);
  if (!isList && Object.prototype.toString.call(json) !== "[object Object]")
    return `: ${typeOf(json)} is no JSON`;
  for (const [name, value] of Object.entries(json)) {
    const found = name.isWellFormed() ? inexactJson(value, depth + 1) : `: ${HALF_A_PAIR}`;
    if (found !== undefined) return `${isList ? `[${name}]` : `.${name.slice(0, MAX_NAME_CHARS)}`}${found}`;
  }
  return undefined;
}
