import type { OutgoingHttpHeaders } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { MAX_METADATA_BYTES, MAX_METADATA_ENTRIES, plainHeaderBytes } from "../../http/header-bytes.ts";
import { Compressed, requestCompression } from "./compressed.ts";
import { CallContext } from "./context.ts";
import { EnvelopeReader, enveloped } from "./envelope.ts";
import type { Plan } from "./plan.ts";
import {
  type CallParts,
  type Ending,
  type RequestBody,
  responseHeaders,
  type WireProtocol,
} from "./protocol.ts";

/** What the three protocols with envelopes have in common. */
export function envelopedProtocol(parts: Omit<WireProtocol, "requestBody" | "answer">): WireProtocol {
  return {
    ...parts,
    requestBody: ({ plan, call }) => new OneEnvelope(plan, requestCompression(plan, call)),
    answer(call, message, error) {
      const ending = parts.ending(call, error);
      const encoding = message instanceof Compressed ? message.encoding : undefined;
      const messages = message === undefined ? undefined : enveloped(message, ending.bytes);
      sendWhole(call, messages, encoding, ending, error !== undefined);
    },
  };
}

/**
 * Sends an answer of which nothing has left, with its status and all that it has of messages.
 *
 * @param messages with the ending behind them; undefined: there are none.
 */
export function sendWhole(
  parts: CallParts,
  messages: Uint8Array | undefined,
  encoding: string | undefined,
  { bytes, trailers }: Ending,
  isError: boolean,
): void {
  const { wire } = parts;
  const headers = responseHeaders(parts, isError, encoding);
  if (messages !== undefined) wire.send(200, headers, messages, trailers);
  else if (isError && bytes === undefined && trailers !== undefined && mayBeOne(parts, headers, trailers))
    wire.send(200, Object.assign(headers, trailers), NOTHING, undefined);
  else wire.send(200, headers, bytes ?? NOTHING, trailers);
}

/**
 * Whether an error may leave as "Trailers-Only" (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md,
 * "Responses"): one block of headers, which ends the stream. A client takes all of it for trailers, so what the handler
 * has set of headers stays apart. In two frames node:http2 would lose the second one when the upload of a refused call
 * ends in between, short of its content-length: nghttp2 resets the stream then.
 */
function mayBeOne(
  { context }: CallParts,
  headers: OutgoingHttpHeaders,
  trailers: OutgoingHttpHeaders,
): boolean {
  const set = CallContext.header(context);
  return (
    (set === undefined || [...set.keys()].every((name) => name === "content-type")) &&
    Object.keys(headers).length + Object.keys(trailers).length <= MAX_METADATA_ENTRIES &&
    plainHeaderBytes(headers) + plainHeaderBytes(trailers) <= MAX_METADATA_BYTES &&
    Object.keys(trailers).every((name) => headers[name] === undefined)
  );
}

const NOTHING = new Uint8Array(0);

/** A request body that is one message in its envelope. */
class OneEnvelope implements RequestBody {
  readonly #reader: EnvelopeReader;
  readonly #plan: Plan;
  /** What the request names. */
  readonly #named: Compression | undefined;
  #message: Buffer | undefined = undefined;
  compression: Compression | undefined = undefined;

  constructor(plan: Plan, named: Compression | undefined) {
    this.#plan = plan;
    this.#named = named;
    this.#reader = new EnvelopeReader(plan.maxRequestBytes, named !== undefined);
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    const message = this.#reader.next();
    if (message === undefined) return;
    const { isCompressed } = this.#reader;
    if (this.#message !== undefined || this.#reader.next() !== undefined)
      throw wrongNumber(this.#plan, "received extra");
    this.#message = message;
    if (isCompressed) this.compression = this.#named;
  }

  end(): Buffer {
    this.#reader.finish();
    if (this.#message === undefined) throw wrongNumber(this.#plan, "missing");
    return this.#message;
  }
}

/** Too few or too many messages are `unimplemented`: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
function wrongNumber({ route }: Plan, what: string): ConnectError {
  const kind = route.handler.kind.replace("_", "-");
  return new ConnectError(`protocol error: ${what} input message for ${kind} method`, Code.Unimplemented);
}
