import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create, type DescFile, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createCodecs } from "../../src/runrpc/codec/codecs.ts";
import type { MessageCodec } from "../../src/runrpc/codec/message-codec.ts";
import { generateCode } from "../../test/runrpc/codec/generate.ts";
import type { Comparison } from "./compare.ts";

/** Message types of one server. */
export const MESSAGES = 100;

/** Message types that calls take in turn. */
const IN_TURN = 30;

/** Fields of usual kinds. */
const TYPES = ["string", "int32", "bool", "int64", "repeated string", "double", "bytes"];

/** Generates messages, each of which holds the one before it, and their codecs into the folder. Gives where they are. */
export async function generateMany(folder: string): Promise<string> {
  const messages = Array.from({ length: MESSAGES }, (_, index) => {
    const inner = index === 0 ? "string" : `Message${index - 1}`;
    // Not two types have the same shape.
    const fields = [...TYPES, inner].map(
      (type, field) => `  ${type} field_${index}_${field} = ${field + 1};`,
    );
    return `message Message${index} {\n${fields.join("\n")}\n}`;
  });
  const calls = messages.map((_, index) => `  rpc Call${index}(Message${index}) returns (Message${index});`);
  const proto = join(folder, "proto");
  await mkdir(proto);
  await writeFile(
    join(proto, "many.proto"),
    `syntax = "proto3";\npackage many;\nservice Many {\n${calls.join("\n")}\n}\n${messages.join("\n")}\n`,
  );
  return generateCode(proto, folder);
}

/** The contract, of which the code is made when it is measured. */
export async function fileOf(gen: string): Promise<DescFile> {
  return ((await import(join(gen, "many_pb.ts"))) as { readonly file_many: DescFile }).file_many;
}

export async function codecsOf(gen: string): Promise<readonly MessageCodec[]> {
  return ((await import(join(gen, "codecs.ts"))) as { readonly codecs: readonly MessageCodec[] }).codecs;
}

/** Small messages of many types in turn, as a server has them: what V8 knows of one type helps little with the next. */
export async function comparisonsOfMany(gen: string): Promise<readonly Comparison[]> {
  const find = createCodecs(await codecsOf(gen));
  const values = [
    "a text of usual length",
    300,
    true,
    1_764_213_008n,
    ["one", "two"],
    1.5,
    new Uint8Array(8),
  ];
  const subjects = (await fileOf(gen)).messages.slice(0, IN_TURN).map((desc) => {
    const init = Object.fromEntries(values.map((value, index) => [desc.fields[index]?.localName, value]));
    const bytes = toBinary(desc, create(desc, init));
    return { desc, init, bytes, codec: find(desc) };
  });
  return [
    {
      title: `${IN_TURN} types in turn: decode`,
      theirs: () => subjects.map(({ desc, bytes }) => fromBinary(desc, bytes)),
      ours: () => subjects.map(({ codec, bytes }) => codec.decode(bytes)),
    },
    {
      title: `${IN_TURN} types in turn: initialiser to bytes`,
      theirs: () => subjects.map(({ desc, init }) => toBinary(desc, create(desc, init))),
      ours: () => subjects.map(({ codec, init }) => codec.encode(init, 0)),
    },
  ];
}
