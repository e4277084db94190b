import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  isMessage,
  type Message,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { FindCodec } from "../../../codec/codecs.ts";
import { createExactCheck } from "../../json/exact-json.ts";
import { createHidesSensitive } from "../../json/hide-sensitive.ts";
import { exactTextOf } from "../../json/json-text.ts";
import { exactJsonString } from "../../json/write-json.ts";
import type { Excess } from "../../routes/excess.ts";
import type { Admit } from "../../routes/whole-message.ts";
import { ENVELOPE_BYTES } from "../envelope-head.ts";
import { unwritable } from "../unwritable.ts";
import type { Batch } from "./batch.ts";
import { Framed } from "./framed.ts";
import { readJson } from "./json.ts";

/** How messages are written: protobuf's binary format, or its JSON mapping. */
export type Format = "proto" | "json";

/**
 * A message on the wire. JSON stays text until it is known where it goes: HTTP/1.1 writes it in one piece with its headers.
 * Protobuf is framed where its protocol has envelopes, else it is bytes.
 */
export type Encoded = Uint8Array | string | Framed;

/** What a handler is started with: a message, or the bytes of one. */
export type Decoded = Message | Uint8Array;

/** Reads the requests of a method and writes its responses. */
export interface Codec<D extends Decoded = Decoded> {
  /** @throws ConnectError `invalid_argument` for bytes that are no such message. */
  decode(bytes: Uint8Array): D;
  /**
   * Writes what a handler gave: a message or an initialiser, which needs no `create`.
   *
   * @throws TypeError for anything else, and for one that cannot be written; ConnectError `resource_exhausted` for one that is
   *   too large.
   */
  encode(value: unknown): Encoded;
  /**
   * The same, into a batch, whose `keep` is then to be called: see `Batch.write`. Gives the length of the message. Undefined where
   * messages are not protobuf in envelopes.
   *
   * @throws what `encode` throws.
   */
  readonly append?: ((value: unknown, batch: Batch) => number) | undefined;
}

/** How a handler is called: with what the codec reads; what it gives is for the codec to write. */
export interface CallForm {
  readonly codec: Codec;
  readonly start: (input: Decoded | AsyncIterable<Decoded>, context: HandlerContext) => unknown;
}

/** What codecs are made with. */
export interface CodecOptions {
  /** The greatest response message, in bytes. */
  readonly maxResponseBytes: number;
  /** The messages that a `google.protobuf.Any` in JSON may hold. */
  readonly registry: Registry;
  /** How binary messages are read and written. */
  readonly find: FindCodec;
  /** Messages travel in envelopes. */
  readonly isEnveloped: boolean;
  /** Looks at what a handler gave. */
  readonly admit: Admit;
  /** Fields of a request that its schema does not know are not kept. Default: they are. */
  readonly dropsUnknownFields?: true | undefined;
  /** Default: all of a request is decoded. */
  readonly excess?: Excess | undefined;
}

export function createCodec(method: DescMethod, format: Format, options: CodecOptions): Codec<Message> {
  return format === "proto" ? binaryCodec(method, options) : jsonCodec(method, options);
}

function binaryCodec(
  { input, output }: DescMethod,
  { maxResponseBytes: maxBytes, dropsUnknownFields, excess, find, isEnveloped, admit }: CodecOptions,
): Codec<Message> {
  const { decode } = dropsUnknownFields ? { decode: decodeKnown } : find(input);
  const { encode, append } = find(output);
  const head = isEnveloped ? ENVELOPE_BYTES : 0;
  function decodeKnown(bytes: Uint8Array): Message {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return fromBinary(input, plain, { readUnknownFields: false });
  }
  // Fields of type `bytes` are views of what they were read from: a handler that keeps one would keep all that the
  // socket read along with it, so a message with such fields gets its bytes for itself, where it has not most of them.
  const hasViews = contains(input, ({ fields }) =>
    fields.some((field) => "scalar" in field && field.scalar === ScalarType.BYTES),
  );
  return {
    decode(all) {
      try {
        const bytes = excess === undefined ? all : excess.binary(all);
        const isSmallPart = hasViews && 2 * bytes.byteLength < bytes.buffer.byteLength;
        return decode(isSmallPart ? Uint8Array.prototype.slice.call(bytes) : bytes);
      } catch (reason) {
        throw new ConnectError(`parse binary: ${messageOf(reason)}`, Code.InvalidArgument);
      }
    },
    encode(given) {
      const value = admit(given);
      let bytes: Buffer;
      try {
        bytes = encode(value, head);
      } catch (reason) {
        throw failedToWrite(output, value, reason);
      }
      const length = bytes.length - head;
      if (length > maxBytes) throw tooLargeToSend(length, maxBytes);
      return isEnveloped ? new Framed(bytes) : bytes;
    },
    append: isEnveloped ? appendTo : undefined,
  };

  function appendTo(given: unknown, batch: Batch): number {
    const value = admit(given);
    let length: number;
    try {
      length = batch.write(value, append);
    } catch (reason) {
      throw failedToWrite(output, value, reason);
    }
    if (length > maxBytes) throw tooLargeToSend(length, maxBytes);
    return length;
  }
}

/** @throws what an initialiser itself throws: that is its handler's own. */
function failedToWrite(output: DescMessage, value: object, reason: unknown): Error {
  wholeOf(output, value);
  return unwritable(output, reason);
}

function jsonCodec(
  { input, output }: DescMethod,
  { maxResponseBytes: maxBytes, excess, registry, admit }: CodecOptions,
): Codec<Message> {
  // As everywhere in Connect: a client with a newer schema is not refused for a field that is unknown here.
  const readOptions = { ignoreUnknownFields: true, registry };
  const check = createExactCheck(input, registry);
  const hides = createHidesSensitive(input, registry);
  // Options are copied with each message, so the registry goes along only where it may be asked.
  const asksRegistry = contains(
    output,
    ({ typeName, proto }) => typeName === AnySchema.typeName || proto.extensionRange.length > 0,
  );
  const writeOptions = asksRegistry ? { registry } : undefined;
  return {
    decode(bytes) {
      try {
        return readJson(input, exactTextOf(bytes, hides === undefined), readOptions, {
          check,
          excess,
          hides,
        });
      } catch (reason) {
        throw ConnectError.from(reason, Code.InvalidArgument);
      }
    },
    encode(value) {
      const message = wholeOf(output, admit(value));
      let text: string;
      try {
        text = exactJsonString(output, message, writeOptions);
      } catch (reason) {
        throw unwritable(output, reason);
      }
      // A character takes at most three bytes: most texts need no counting.
      if (text.length * 3 > maxBytes) {
        const byteLength = Buffer.byteLength(text);
        if (byteLength > maxBytes) throw tooLargeToSend(byteLength, maxBytes);
      }
      return text;
    },
  };
}

/** The error for a request message above the limit of its method. */
export function tooLargeToRead(byteLength: number, maxBytes: number): ConnectError {
  return new ConnectError(
    `message size ${byteLength} is larger than configured readMaxBytes ${maxBytes}`,
    Code.ResourceExhausted,
  );
}

/** The error for a response message above the limit. */
export function tooLargeToSend(byteLength: number, maxBytes: number): ConnectError {
  return new ConnectError(
    `message size ${byteLength} is larger than configured writeMaxBytes ${maxBytes}`,
    Code.ResourceExhausted,
  );
}

/** Whether the message, or one that it holds at any depth, is such a message. */
function contains(
  desc: DescMessage,
  isSuch: (desc: DescMessage) => boolean,
  seen: Set<DescMessage> = new Set(),
): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return (
    isSuch(desc) ||
    desc.fields.some(({ message }) => message !== undefined && contains(message, isSuch, seen))
  );
}

function wholeOf(desc: DescMessage, value: object): Message {
  return isMessage(value, desc) ? value : create(desc, value as Record<string, unknown>); // an initialiser
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
