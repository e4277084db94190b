import { create, type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import {
  BlobRequestSchema,
  BlobResponseSchema,
  ChatRequestSchema,
  ChatResponseSchema,
  EchoRequestSchema,
  EchoResponseSchema,
  IdleRequestSchema,
  ListRequestSchema,
  ListResponseSchema,
  StreamRequestSchema,
  StreamResponseSchema,
} from "./gen/bench/v1/bench_pb.ts";

/** The text of every small message. */
export const smallText = "a small message of usual length";

/** Messages in one answer of Stream. */
export const streamCount = 2_000;

/** Elements in one answer of List. */
export const listCount = 100;

/** Bytes in one Blob. */
export const blobBytes = 1_048_576;

/** One element of List, the same from every server. */
export function element(index: number) {
  return {
    id: `element-${String(index).padStart(6, "0")}`,
    name: "Ada Lovelace",
    email: "ada@example.com",
    age: 36,
    active: true,
  };
}

const blob = Buffer.alloc(blobBytes, "0123456789abcdef");

/** What is sent, as bytes of protobuf. */
export const requests = {
  echo: bytes(EchoRequestSchema, { text: smallText, number: 42 }),
  stream: bytes(StreamRequestSchema, { count: streamCount }),
  chat: bytes(ChatRequestSchema, { text: smallText, number: 42 }),
  idle: bytes(IdleRequestSchema, {}),
  list: bytes(ListRequestSchema, { count: listCount }),
  blob: bytes(BlobRequestSchema, { data: blob }),
};

/** What must come back: protobuf writes fields in the order of their numbers, so bytes can be compared. */
export const answers = {
  echo: bytes(EchoResponseSchema, { text: smallText, number: 42 }),
  chat: bytes(ChatResponseSchema, { text: smallText, number: 42 }),
  list: bytes(ListResponseSchema, {
    elements: Array.from({ length: listCount }, (_, index) => element(index)),
  }),
  blob: bytes(BlobResponseSchema, { data: blob }),
};

/** The message of Stream with this number, from 1: some codecs write a zero out and some leave it out. */
export function streamAnswer(number: number): Buffer {
  return bytes(StreamResponseSchema, { number, text: smallText });
}

/** Echo in JSON, request and answer alike. */
export const echoJson = { text: smallText, number: 42 };

function bytes<D extends DescMessage>(schema: D, init: Parameters<typeof create<D>>[1]): Buffer {
  // `create` gives the shape of its own schema; overload resolution loses that.
  return Buffer.from(toBinary(schema, create(schema, init) as MessageShape<D>));
}
