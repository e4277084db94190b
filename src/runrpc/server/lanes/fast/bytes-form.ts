import type { DescMethod, Message } from "@bufbuild/protobuf";
import { HEAD_BYTES } from "../../routes/bytes-handler.ts";
import type { BytesForm } from "../../routes/handler.ts";
import { mapped } from "../../routes/iterator.ts";
import { ENVELOPE_BYTES } from "../envelope-head.ts";
import { type CallForm, type Codec, type CodecOptions, tooLargeToSend } from "./codec.ts";
import { Framed } from "./framed.ts";

/**
 * How a handler of bytes is called: with those that came, and those that it gives leave as they are. Where requests have
 * rules they are decoded to be looked at, and handed on as they came all the same.
 */
export function bytesForm(
  { methodKind }: DescMethod,
  { start, check }: BytesForm,
  decode: (bytes: Uint8Array) => Message,
  { maxResponseBytes: maxBytes, isEnveloped }: Pick<CodecOptions, "maxResponseBytes" | "isEnveloped">,
): CallForm {
  const codec: Codec<Uint8Array> = {
    decode: (bytes) => bytes,
    encode(value) {
      if (!(value instanceof Buffer)) throw new TypeError("a handler of bytes gave something else");
      const length = value.length - HEAD_BYTES;
      if (length > maxBytes) throw tooLargeToSend(length, maxBytes);
      return isEnveloped
        ? new Framed(value.subarray(HEAD_BYTES - ENVELOPE_BYTES))
        : value.subarray(HEAD_BYTES);
    },
  };
  // What this codec reads is bytes.
  const plain = start as CallForm["start"];
  if (check === undefined) return { codec, start: plain };
  const look = (bytes: Uint8Array): Uint8Array => {
    check(decode(bytes));
    return bytes;
  };
  const takesOne = methodKind === "unary" || methodKind === "server_streaming";
  return {
    codec,
    // A method of these kinds is given its one message, any other one a stream of them.
    start: (input, context) =>
      plain(takesOne ? look(input as Uint8Array) : mapped(input as AsyncIterable<Uint8Array>, look), context),
  };
}
