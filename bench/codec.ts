// Generated codecs beside protobuf-es, in one process and in turns, in nanoseconds of CPU a message:
// `node --conditions=runrpc-source bench/codec.ts`. What counts is the ratio, since a machine's own speed is in both.
// `--texts` compares ways to read a text of each length instead.
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { BinaryCodec } from "../src/runrpc/codec/binary-codec.ts";
import { createCodecs } from "../src/runrpc/codec/codecs.ts";
import type { MessageCodec } from "../src/runrpc/codec/message-codec.ts";
import { text } from "../src/runrpc/codec/text.ts";
import { codecs as kindCodecs } from "../test/runrpc/codec/gen/codecs.ts";
import { AllSchema } from "../test/runrpc/codec/gen/kinds/v1/all_pb.ts";
import { BlobRequestSchema, EchoRequestSchema, ListResponseSchema } from "./gen/bench/v1/bench_pb.ts";
import { codecs as benchCodecs } from "./gen/codecs.ts";
import { blobBytes, element, listCount, smallText } from "./messages.ts";

/** Keeps what was made from being optimised away. */
export const sink: { last: unknown } = { last: undefined };

const ROUNDS = 15;
/** Rounds before those that count: V8 has compiled by then. */
const WARM_UP = 4;
/** What one round of one way takes, about, in milliseconds. */
const ROUND_MS = 12;

/** A message, and what it is made of. */
interface Subject {
  readonly title: string;
  readonly desc: DescMessage;
  readonly init: Record<string, unknown>;
}

const subjects: readonly Subject[] = [
  { title: "a small message", desc: EchoRequestSchema, init: { text: smallText, number: 42 } },
  {
    title: `${listCount} elements`,
    desc: ListResponseSchema,
    init: { elements: Array.from({ length: listCount }, (_, index) => element(index)) },
  },
  { title: "all kinds of field", desc: AllSchema, init: allKinds() },
  { title: "1 MiB of bytes", desc: BlobRequestSchema, init: { data: new Uint8Array(blobBytes).fill(65) } },
];

/** What is compared: the same work by each. */
interface Comparison {
  readonly title: string;
  readonly theirs: () => unknown;
  readonly ours: () => unknown;
}

if (process.argv.includes("--texts")) compareTexts();
else compareMessages();

function compareMessages(): void {
  const generated = [...benchCodecs, ...kindCodecs];
  const find = createCodecs(generated);
  compare(
    ["protobuf-es", "generated"],
    subjects.flatMap((subject) => comparisonsOf(subject, find(subject.desc))),
  );
  printStart(generated);
}

/** Where `text` of the codecs changes from one way to the other. */
function compareTexts(): void {
  const bytes = Buffer.from("a text of usual length ".repeat(10));
  compare(
    ["Buffer", "codec"],
    [1, 4, 8, 12, 16, 20, 24, 25, 32, 64].map((length) => ({
      title: `a text of ${length} bytes`,
      theirs: () => bytes.toString("utf8", 3, 3 + length),
      ours: () => text(bytes, 3, 3 + length),
    })),
  );
}

/** Takes turns, so that what else the machine does is in both. */
function compare(names: readonly [string, string], comparisons: readonly Comparison[]): void {
  const results = comparisons.map(() => ({ theirs: [] as number[], ours: [] as number[] }));
  const repeats = comparisons.map(({ theirs }) => repeatsFor(theirs));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    comparisons.forEach(({ theirs, ours }, index) => {
      const times = repeats[index] ?? 1;
      const [first, second] = [nanosecondsOf(theirs, times), nanosecondsOf(ours, times)];
      if (round < 0) return;
      results[index]?.theirs.push(first);
      results[index]?.ours.push(second);
    });
  }
  console.log(`${"".padEnd(42)}${names.map((name) => name.padStart(14)).join("")}${"ratio".padStart(8)}`);
  comparisons.forEach(({ title }, index) => {
    const { theirs = [], ours = [] } = results[index] ?? {};
    const [their, our] = [medianOf(theirs), medianOf(ours)];
    const figures = [their, our].map((value) => `${Math.round(value)} ns`.padStart(14)).join("");
    console.log(`${title.padEnd(42)}${figures}${(our / their).toFixed(2).padStart(8)}`);
  });
}

function comparisonsOf({ title, desc, init }: Subject, codec: BinaryCodec): readonly Comparison[] {
  const message = create(desc, init);
  const bytes = Buffer.from(toBinary(desc, message));
  if (!codec.encode(init, 0).equals(bytes)) throw new Error(`${title}: the bytes differ`);
  return [
    {
      title: `${title}: decode`,
      theirs: () => fromBinary(desc, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
      ours: () => codec.decode(bytes),
    },
    {
      title: `${title}: encode`,
      theirs: () => toBinary(desc, message),
      ours: () => codec.encode(message, 0),
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

/** What a server's start pays for its codecs: shapes compared, and the first message of each type. */
function printStart(codecs: readonly MessageCodec[]): void {
  const descs = [AllSchema, ListResponseSchema, EchoRequestSchema, BlobRequestSchema].flatMap((desc) =>
    Array.from({ length: 25 }, () => ({ ...desc })),
  );
  const startedAt = process.cpuUsage();
  const findFresh = createCodecs(codecs);
  for (const desc of descs) findFresh(desc as DescMessage);
  const { user, system } = process.cpuUsage(startedAt);
  console.log(`${descs.length} message types at start: ${((user + system) / 1_000).toFixed(1)} ms`);
}

function nanosecondsOf(run: () => unknown, times: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) sink.last = run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / times;
}

function repeatsFor(run: () => unknown): number {
  for (let i = 0; i < 20; i++) sink.last = run();
  const each = nanosecondsOf(run, 20);
  return Math.max(10, Math.round((ROUND_MS * 1e6) / each));
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function allKinds(): Record<string, unknown> {
  return {
    i32: -5,
    s32: -70,
    u32: 300,
    i64: -5n,
    s64: -900n,
    u64: 1_234_567_890_123n,
    f32: 7,
    sf32: -7,
    f64: 99n,
    sf64: -99n,
    fl: 1.5,
    db: -2.5e-3,
    bo: true,
    ascii: "an ascii text of usual length",
    uni: "größere Mühe 日本",
    by: new Uint8Array(20).fill(7),
    color: 200,
    inner: { name: "inner", n: 5, child: { name: "child", tags: ["a", "bc"] } },
    ri32: [1, 2, 300, -4, 50_000],
    rs64: [1n, -2n, 3n],
    rdb: [1.5, 2.5],
    rbo: [true, false],
    rcolor: [0, 1, 200],
    rstr: ["one", "two", "three"],
    rby: [new Uint8Array(3)],
    rinner: [
      { name: "x", n: 1 },
      { name: "y", n: 2 },
    ],
    rf32: [1, 2],
    unpacked: [1, 2, 3],
    mss: { key: "value", other: "thing" },
    mii: { 5: { name: "five" } },
    kind: { case: "kinner", value: { n: 9 } },
    oi: 7,
    os: "optional",
    ob: true,
    ts: { seconds: 1_764_213_008n, nanos: 123_456_000 },
  };
}
