// Answers the suite's runner on standard input and output, as conformance.proto says, until the runner closes them:
// `node testee.ts own|protobuf-es GEN TALLY`. GEN is the folder that `generateCode` gives; into the file TALLY goes, at
// the end, what the generated codecs did by themselves.
// https://github.com/protocolbuffers/protobuf/blob/main/conformance/conformance.proto
import { readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  create,
  createRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  fromJsonString,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import * as wellKnown from "@bufbuild/protobuf/wkt";
import { createCodecs, type FindCodec } from "../../../../src/runrpc/codec/codecs.ts";
import type { MessageCodec } from "../../../../src/runrpc/codec/message-codec.ts";
import type { Tally } from "./tally.ts";

/** `conformance.ConformanceRequest`, of which the code is made when the suite is run. */
interface Request extends Message<"conformance.ConformanceRequest"> {
  readonly payload:
    | { readonly case: "protobufPayload"; readonly value: Uint8Array }
    | { readonly case: "jsonPayload"; readonly value: string }
    | { readonly case: "textPayload"; readonly value: string }
    | { readonly case: "jspbPayload"; readonly value: string };
  readonly messageType: string;
  readonly requestedOutputFormat: number;
  readonly testCategory: number;
}

/** The result of a `conformance.ConformanceResponse`. */
type Result =
  | { readonly case: "protobufPayload"; readonly value: Uint8Array }
  | {
      readonly case: "jsonPayload" | "parseError" | "serializeError" | "runtimeError" | "skipped";
      readonly value: string;
    };

// Of `conformance.WireFormat` and `conformance.TestCategory`.
const PROTOBUF = 1;
const JSON_FORMAT = 2;
const JSON_IGNORE_UNKNOWN = 3;

const [mode = "", gen = "", tallyFile = ""] = process.argv.slice(2);
const tally: Tally = { read: 0, written: 0, readByUs: 0, writtenByUs: 0 };
const registry = createRegistry(
  ...(await filesOf([
    "conformance/conformance",
    "google/protobuf/test_messages_edition2023",
    "google/protobuf/test_messages_proto2",
    "google/protobuf/test_messages_proto2_editions",
    "google/protobuf/test_messages_proto3",
    "google/protobuf/test_messages_proto3_editions",
  ])),
  ...Object.values(wellKnown).filter(isFile),
);
const find = await finder();
const request = messageOf("conformance.ConformanceRequest");
const response = messageOf("conformance.ConformanceResponse");

for (let bytes = nextMessage(); bytes !== undefined; bytes = nextMessage()) {
  const result = resultOf(fromBinary(request, bytes) as Request); // the schema is looked up by this name
  send(toBinary(response, create(response, { result })));
}
writeFileSync(tallyFile, JSON.stringify(tally));

function resultOf({ messageType, payload, testCategory, requestedOutputFormat: format }: Request): Result {
  // The runner asks for this first: there are no failures that were found beforehand.
  if (messageType === "conformance.FailureSet") return { case: "protobufPayload", value: new Uint8Array() };
  if (payload.case === "textPayload" || payload.case === "jspbPayload" || format > JSON_FORMAT)
    return { case: "skipped", value: "protobuf-es has no such format" };
  const desc = messageOf(messageType);
  const { decode, encode } = find(desc);
  let message: Message;
  try {
    if (payload.case === "jsonPayload")
      message = fromJsonString(desc, payload.value, {
        registry,
        ignoreUnknownFields: testCategory === JSON_IGNORE_UNKNOWN,
      });
    else {
      message = decode(payload.value);
      tally.read++;
    }
  } catch (reason) {
    return { case: "parseError", value: String(reason) };
  }
  try {
    if (format !== PROTOBUF) return { case: "jsonPayload", value: toJsonString(desc, message, { registry }) };
    const value = encode(message, 0);
    tally.written++;
    return { case: "protobufPayload", value };
  } catch (reason) {
    return { case: "serializeError", value: String(reason) };
  }
}

async function finder(): Promise<FindCodec> {
  if (mode === "protobuf-es") return createCodecs([]);
  if (mode !== "own") throw new Error(`own or protobuf-es, not ${mode}`);
  const { codecs } = (await import(join(gen, "codecs.ts"))) as { readonly codecs: readonly MessageCodec[] };
  return createCodecs(codecs.map(counted));
}

/** A codec that counts what it does to its end. */
function counted(codec: MessageCodec): MessageCodec {
  return {
    ...codec,
    read(...args) {
      const message = codec.read(...args);
      tally.readByUs++;
      return message;
    },
    write(...args) {
      const end = codec.write(...args);
      tally.writtenByUs++;
      return end;
    },
  };
}

async function filesOf(names: readonly string[]): Promise<readonly DescFile[]> {
  const modules = await Promise.all(
    names.map((name) => import(join(gen, `${name}_pb.ts`)) as Promise<object>),
  );
  return modules.flatMap((module) => Object.values(module).filter(isFile));
}

function isFile(value: unknown): value is DescFile {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file";
}

function messageOf(typeName: string): DescMessage {
  const desc = registry.getMessage(typeName);
  if (desc === undefined) throw new Error(`there is no ${typeName}`);
  return desc;
}

/** The next request, behind its length; undefined when the runner has no more. */
function nextMessage(): Buffer | undefined {
  const length = exactly(4);
  return length === undefined ? undefined : exactly(length.readUInt32LE(0));
}

/** So many bytes; undefined where there are none at all. */
function exactly(count: number): Buffer | undefined {
  const bytes = Buffer.alloc(count);
  let have = 0;
  while (have < count) {
    const more = readSync(0, bytes, have, count - have, null);
    if (more === 0 && have === 0) return undefined;
    if (more === 0) throw new Error(`the runner has closed after ${have} of ${count} bytes`);
    have += more;
  }
  return bytes;
}

function send(message: Uint8Array): void {
  const bytes = Buffer.alloc(4 + message.length);
  bytes.writeUInt32LE(message.length, 0);
  bytes.set(message, 4);
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent);
}
