import type { IncomingHttpHeaders } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";

// application/grpc-web-text: the body of application/grpc-web in base64, in any number of pieces that are each padded
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md, "Text-encoded (response) streams").

/**
 * Reads a body in base64. Padding ends a piece anywhere in the stream, and a chunk ends anywhere in a piece. A class,
 * because it holds what a chunk leaves over.
 */
export class Base64Reader {
  /** Less than four characters. */
  #rest = "";

  /** The bytes of all groups that are whole by now. @throws ConnectError `invalid_argument` for what is no base64. */
  push(chunk: Uint8Array): Buffer {
    const text =
      this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const end = text.length - (text.length % 4);
    this.#rest = text.slice(end);
    return decoded(text.slice(0, end));
  }

  /** @throws ConnectError `invalid_argument` where the body has ended within a group. */
  finish(): void {
    if (this.#rest !== "") throw notBase64("ends in the middle of four characters");
  }
}

/** The bytes behind a body in base64. @throws ConnectError `invalid_argument` for what is no base64. */
export async function* base64Decoded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new Base64Reader();
  for await (const chunk of source) {
    const bytes = reader.push(chunk);
    if (bytes.length > 0) yield bytes;
  }
  reader.finish();
}

/** A piece of a body in base64: each is padded, so that it can leave at once. */
export function base64(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return Buffer.from(text, "latin1");
}

/** Whether a client that sends plain gRPC-Web wants its answer as text: a browser's XMLHttpRequest gives no bytes. */
export function wantsText({ accept }: IncomingHttpHeaders): boolean {
  return accept?.startsWith(TEXT) === true;
}

/** The content type of the same body without base64. */
export function webType(headers: Headers): string {
  return (headers.get("content-type") ?? "").replace(TEXT, WEB);
}

/** The content type of the same body in base64. */
export function textType(headers: Headers): string {
  return (headers.get("content-type") ?? "").replace(/^application\/grpc-web(?!-text)/, TEXT);
}

const NOT_BASE64 = /[^A-Za-z\d+/=]/;
const WEB = "application/grpc-web";
const TEXT = "application/grpc-web-text";

/** `text` is whole groups of four characters. */
function decoded(text: string): Buffer {
  if (NOT_BASE64.test(text)) throw notBase64("holds a character that is none of base64");
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = text.indexOf("="); at !== -1; at = text.indexOf("=", from)) {
    const end = at - (at % 4) + 4;
    // One or two of the last characters of a group pad it.
    if (at % 4 < 2 || (at % 4 === 2 && text[at + 1] !== "=")) throw notBase64("is padded where it cannot be");
    pieces.push(Buffer.from(text.slice(from, end), "base64"));
    from = end;
  }
  pieces.push(Buffer.from(text.slice(from), "base64"));
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function notBase64(what: string): ConnectError {
  return new ConnectError(`the body of application/grpc-web-text ${what}`, Code.InvalidArgument);
}
