// Generated codecs beside protobuf-es, in one process, and beside Go's, each in turn, in nanoseconds of CPU a message:
// `node --conditions=runrpc-source bench/codec.ts`. What counts is the ratio, since a machine's own speed is in both.
// Then what codecs of 100 message types add to a start. `--texts` compares ways to read a text of each length instead.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { BinaryCodec } from "../src/runrpc/codec/binary-codec.ts";
import { createCodecs } from "../src/runrpc/codec/codecs.ts";
import { text } from "../src/runrpc/codec/text.ts";
import { codecs as kindCodecs } from "../test/runrpc/codec/gen/codecs.ts";
import { type Comparison, compare } from "./codec/compare.ts";
import { comparisonsOfMany, generateMany } from "./codec/many.ts";
import { printStart } from "./codec/start.ts";
import { type Subject, subjects } from "./codec/subjects.ts";
import { codecs as benchCodecs } from "./gen/codecs.ts";
import { type GoCodec, startGoCodec } from "./peers/go-codec.ts";

if (process.argv.includes("--texts")) await compareTexts();
else {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-codecs-"));
  try {
    const gen = await generateMany(folder);
    await compareMessages(gen);
    await printStart(gen, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compareMessages(gen: string): Promise<void> {
  const find = createCodecs([...benchCodecs, ...kindCodecs]);
  const go = await startGoCodec();
  const one = subjects.flatMap((subject) => comparisonsOf(subject, find(subject.desc), go));
  await compare(["protobuf-es", "generated"], [...one, ...(await comparisonsOfMany(gen))]);
  go?.close();
}

/** Where `text` of the codecs changes from one way to the other. */
async function compareTexts(): Promise<void> {
  const bytes = Buffer.from("a text of usual length ".repeat(10));
  await compare(
    ["Buffer", "codec"],
    [1, 4, 8, 12, 16, 20, 24, 25, 32, 64].map((length) => ({
      title: `a text of ${length} bytes`,
      theirs: () => bytes.toString("utf8", 3, 3 + length),
      ours: () => text(bytes, 3, 3 + length),
    })),
  );
}

function comparisonsOf(
  { title, desc, init }: Subject,
  codec: BinaryCodec,
  go: GoCodec | undefined,
): readonly Comparison[] {
  const message = create(desc, init);
  const bytes = Buffer.from(toBinary(desc, message));
  if (!codec.encode(init, 0).equals(bytes)) throw new Error(`${title}: the bytes differ`);
  const byGo = (verb: "decode" | "encode") =>
    go && ((times: number) => go.nanosecondsOf({ message: desc.typeName, bytes, verb, times }));
  return [
    {
      title: `${title}: decode`,
      theirs: () => fromBinary(desc, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
      ours: () => codec.decode(bytes),
      go: byGo("decode"),
    },
    {
      title: `${title}: encode`,
      theirs: () => toBinary(desc, message),
      ours: () => codec.encode(message, 0),
      go: byGo("encode"),
    },
    {
      title: `${title}: initialiser to frame`,
      theirs: () => framed(toBinary(desc, create(desc, init))),
      ours: () => codec.encode(init, 5),
    },
  ];
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
