import type { DescMessage } from "@bufbuild/protobuf";
import { AllSchema } from "../../test/runrpc/codec/gen/kinds/v1/all_pb.ts";
import { BlobRequestSchema, EchoRequestSchema, ListResponseSchema } from "../gen/bench/v1/bench_pb.ts";
import { blobBytes, element, listCount, smallText } from "../messages.ts";

/** A message, and what it is made of. */
export interface Subject {
  readonly title: string;
  readonly desc: DescMessage;
  readonly init: Record<string, unknown>;
}

export const subjects: readonly Subject[] = [
  { title: "a small message", desc: EchoRequestSchema, init: { text: smallText, number: 42 } },
  {
    title: `${listCount} elements`,
    desc: ListResponseSchema,
    init: { elements: Array.from({ length: listCount }, (_, index) => element(index)) },
  },
  { title: "all kinds of field", desc: AllSchema, init: allKinds() },
  { title: "1 MiB of bytes", desc: BlobRequestSchema, init: { data: new Uint8Array(blobBytes).fill(65) } },
];

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
