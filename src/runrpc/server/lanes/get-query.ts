import { isUtf8 } from "node:buffer";
import { Code, ConnectError } from "@connectrpc/connect";

/** The request of a Connect GET: https://connectrpc.com/docs/protocol#unary-get-request */
export interface GetQuery {
  /** The same request, spelt in the one way that the adapter reads without a loss: the message in base64. */
  readonly target: string;
  /** Why it cannot be served. The call still has to pass the gate first. */
  readonly error: ConnectError | undefined;
}

const PARAMETERS = ["connect", "encoding", "compression", "base64", "message"] as const;
type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

/**
 * Reads the query of a Connect GET. connect-node 2.2.0 answers base64 that is none with an internal error, takes the
 * first of two parameters, a missing message for an empty one, and replaces bytes that are no UTF-8.
 */
export function readGetQuery(target: string): GetQuery {
  const at = target.indexOf("?");
  const path = at === -1 ? target : target.slice(0, at);
  try {
    const parameters = parametersOf(at === -1 ? "" : target.slice(at + 1));
    return { target: `${path}?${canonical(parameters)}`, error: undefined };
  } catch (reason) {
    const error = ConnectError.from(reason, Code.InvalidArgument);
    return { target: `${path}?encoding=json&message=`, error };
  }
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

function canonical({ encoding, compression, base64, message }: Parameters): string {
  if (encoding !== "json" && encoding !== "proto")
    throw refusal(`names ${shown("encoding", encoding)}: it takes encoding=json or encoding=proto`);
  if (message === undefined) throw refusal("names no message");
  if (base64 !== undefined && base64 !== "1")
    throw refusal(`names ${shown("base64", base64)}: it takes base64=1, or none`);
  const text = percentDecoded(message);
  const bytes = base64 === undefined ? text : base64Decoded(text.toString("latin1"));
  const isPlain = compression === undefined || compression === "" || compression === "identity";
  if (encoding === "json" && isPlain && !isUtf8(bytes)) throw refusal("has a message that is no UTF-8");
  const rest = isPlain ? "" : `&compression=${encodeURIComponent(compression)}`;
  return `connect=v1&encoding=${encoding}${rest}&base64=1&message=${bytes.toString("base64url")}`;
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
