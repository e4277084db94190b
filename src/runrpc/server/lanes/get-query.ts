import { isUtf8 } from "node:buffer";
import { Code, ConnectError } from "@connectrpc/connect";
import { CONNECT_VERSION } from "../http/protocol.ts";

/** The request of a Connect GET: https://connectrpc.com/docs/protocol#unary-get-request */
export interface GetQuery {
  /** How the message is written, and its answer is. */
  readonly encoding: "json" | "proto";
  /** What the message is compressed with; undefined: it is not. */
  readonly compression: string | undefined;
  readonly message: Buffer;
}

const VERSION = `v${CONNECT_VERSION}`;
const PARAMETERS = ["connect", "encoding", "compression", "base64", "message"] as const;
type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

/**
 * Reads the query of a Connect GET.
 *
 * @param target the path with its query, as the client sent it.
 * @throws ConnectError `invalid_argument` for one that cannot be served, `resource_exhausted` for a message above the limit.
 */
export function readGetQuery(target: string, maxBytes: number): GetQuery {
  const { connect, encoding, compression, base64, message } = parametersOf(queryOf(target));
  if (connect !== undefined && connect !== VERSION)
    throw refusal(`names ${shown("connect", connect)}: it takes connect=${VERSION}, or none`);
  if (encoding !== "json" && encoding !== "proto")
    throw refusal(`names ${shown("encoding", encoding)}: it takes encoding=json or encoding=proto`);
  if (message === undefined) throw refusal("names no message");
  if (base64 !== undefined && base64 !== "1")
    throw refusal(`names ${shown("base64", base64)}: it takes base64=1, or none`);
  const decoded = percentDecoded(message);
  const bytes = base64 === undefined ? decoded : base64Decoded(decoded.toString("latin1"));
  if (bytes.length > maxBytes) {
    const text = `message size ${bytes.length} is larger than configured readMaxBytes ${maxBytes}`;
    throw new ConnectError(text, Code.ResourceExhausted);
  }
  const isPlain = compression === undefined || compression === "" || compression === "identity";
  if (encoding === "json" && isPlain && !isUtf8(bytes)) throw refusal("has a message that is no UTF-8");
  return { encoding, compression: isPlain ? undefined : compression, message: bytes };
}

/** How the answer to a Connect GET is written: as its message, and as JSON where its query does not say. */
export function encodingOfGet(target: string): GetQuery["encoding"] {
  return /(?:^|&)encoding=proto(?:&|$)/.test(queryOf(target)) ? "proto" : "json";
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at === -1 ? "" : target.slice(at + 1);
}

function parametersOf(query: string): Parameters {
  const found: Parameters = {};
  for (const part of query.split("&")) {
    const end = part.indexOf("=");
    const name = PARAMETERS.find((known) => known === (end === -1 ? part : part.slice(0, end)));
    if (name === undefined) continue;
    if (found[name] !== undefined) throw refusal(`names ${name} twice`);
    found[name] = end === -1 ? "" : part.slice(end + 1);
  }
  return found;
}

/** The bytes behind percent-encoded text; a plus is a space, as in every query of a form. */
function percentDecoded(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character !== PERCENT) {
      bytes[length++] = character === PLUS ? SPACE : character;
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[\da-f]{2}$/i.test(digits)) throw refusal(`has %${digits} in its message, which encodes nothing`);
    bytes[length++] = Number.parseInt(digits, 16);
    at += 2;
  }
  return bytes.subarray(0, length);
}

/** Base64 in either alphabet, padded or not. */
function base64Decoded(text: string): Buffer {
  const digits = text.replace(/={1,2}$/, "");
  if (!/^(?:[\w-]*|[A-Za-z\d+/]*)$/.test(digits) || digits.length % 4 === 1)
    throw refusal("has a message that is not base64");
  return Buffer.from(digits, "base64");
}

function shown(name: string, value: string | undefined): string {
  return value === undefined ? `no ${name}` : `${name}=${value.slice(0, 50)}`;
}

function refusal(what: string): ConnectError {
  return new ConnectError(`the query of this GET ${what}`, Code.InvalidArgument);
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;
