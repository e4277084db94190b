import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Looks for what JSON cannot hold in a value that is stored as JSON, such as a google.protobuf.Struct: JSON.stringify
 * writes NaN and the infinities as null, -0 as 0, and half a surrogate pair as an escape that no protocol can send.
 *
 * @throws ConnectError `invalid_argument` that names the place in the field.
 */
export function checkStorable(field: string, json: unknown): void {
  const found = unstorable(json);
  if (found !== undefined) throw new ConnectError(`${field}${found}`, Code.InvalidArgument);
}

/** The path to a value and what is wrong with it, such as `.a[3]: NaN cannot be stored`. */
function unstorable(json: unknown): string | undefined {
  if (typeof json === "number") {
    if (Number.isFinite(json) && !Object.is(json, -0)) return undefined;
    return `: ${Object.is(json, -0) ? "-0" : json} cannot be stored`;
  }
  if (typeof json === "string") return json.isWellFormed() ? undefined : HALF_A_PAIR;
  if (typeof json !== "object" || json === null) return undefined;
  const isList = Array.isArray(json);
  for (const [name, value] of Object.entries(json)) {
    const found = name.isWellFormed() ? unstorable(value) : HALF_A_PAIR;
    if (found !== undefined)
      return isList ? `[${name}]${found}` : `.${name.slice(0, MAX_NAME_CHARS)}${found}`;
  }
  return undefined;
}

/** Of a name in an error. */
const MAX_NAME_CHARS = 64;

const HALF_A_PAIR = ": a text holds half a surrogate pair";
