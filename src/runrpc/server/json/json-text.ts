import { isUtf8 } from "node:buffer";
import { Code, ConnectError } from "@connectrpc/connect";

const decoder = new TextDecoder();

/** The text of a body, without a byte order mark. `decode` does it all, and costs more on small bodies. */
export function textOf(bytes: Uint8Array): string {
  return bytes[0] === 0xef || !(bytes instanceof Buffer) ? decoder.decode(bytes) : bytes.toString();
}

/**
 * The same, for what is to be kept.
 *
 * @param tellsPlace whether the error may name the member that they stand in: the keys of maps are among the names
 * @throws ConnectError `invalid_argument` for bytes that are no UTF-8, each of which would become U+FFFD in silence
 */
export function exactTextOf(bytes: Uint8Array, tellsPlace: boolean): string {
  const text = textOf(bytes);
  // U+FFFD stands in few texts, and may have been sent as such.
  if (!text.includes("\ufffd") || isUtf8(bytes)) return text;
  const place = tellsPlace ? placeOf(bytes) : "";
  throw new ConnectError(`${place}the text is not valid UTF-8`, Code.InvalidArgument);
}

/** Of the first text that is no UTF-8, where the rest is JSON. As Latin-1 each byte is a character, and JSON is the same. */
function placeOf(bytes: Uint8Array): string {
  try {
    const path = pathOf(JSON.parse(Buffer.from(bytes).toString("latin1")), 0);
    return path === undefined || path === "" ? "" : `${path.replace(/^\./, "")}: `;
  } catch {
    return "";
  }
}

function pathOf(json: unknown, depth: number): string | undefined {
  if (typeof json === "string") return isUtf8(Buffer.from(json, "latin1")) ? undefined : "";
  if (typeof json !== "object" || json === null || depth > 100) return undefined;
  for (const [name, value] of Object.entries(json)) {
    if (!isUtf8(Buffer.from(name, "latin1"))) return "";
    const path = pathOf(value, depth + 1);
    if (path !== undefined) return Array.isArray(json) ? `[${name}]${path}` : `.${name}${path}`;
  }
  return undefined;
}
