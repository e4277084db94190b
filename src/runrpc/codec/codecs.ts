import { endianness } from "node:os";
import type { DescMessage } from "@bufbuild/protobuf";
import { protoInt64 } from "@bufbuild/protobuf";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { type BinaryCodec, createBinaryCodec } from "./binary-codec.ts";
import type { MessageCodec } from "./message-codec.ts";
import { shapeOf } from "./shape.ts";

/** Gives the codec of a message: its generated one where there is one. */
export type FindCodec = (desc: DescMessage) => BinaryCodec;

/**
 * protobuf-es's own, which somebody may have replaced since (`configureTextEncoding`). One that was configured before this
 * module was loaded is taken for it: protobuf-es does not say which it has.
 */
const ownTextEncoding = getTextEncoding();

/**
 * What a server reads and writes messages with. A message without a generated codec is read and written by protobuf-es, and
 * so are all where this process has another idea of numbers or of text: big-endian, BUF_BIGINT_DISABLE, `configureTextEncoding`.
 *
 * @param generated what `buf generate` has written, of any number of messages.
 * @throws Error (`find`) that names a message whose codec was written for another version of it.
 */
export function createCodecs(generated: readonly MessageCodec[]): FindCodec {
  const byName = new Map(generated.map((codec) => [codec.typeName, codec]));
  const isOwnGround = endianness() === "LE" && protoInt64.supported && getTextEncoding() === ownTextEncoding;
  const made = new Map<DescMessage, BinaryCodec>();
  // Many messages hold the same ones.
  const checked = new Set<DescMessage>();
  return (desc) => {
    const before = made.get(desc);
    if (before !== undefined) return before;
    const codec = isOwnGround ? byName.get(desc.typeName) : undefined;
    if (codec !== undefined) checkShapes(desc, byName, checked);
    const binary = createBinaryCodec(desc, codec);
    made.set(desc, binary);
    return binary;
  };
}

/** Of a message and of all that it holds: a codec calls the codecs of these. After a refusal none counts as checked. */
function checkShapes(
  desc: DescMessage,
  byName: ReadonlyMap<string, MessageCodec>,
  checked: Set<DescMessage>,
): void {
  if (checked.has(desc)) return;
  checked.add(desc);
  const codec = byName.get(desc.typeName);
  if (codec !== undefined && codec.shape !== shapeOf(desc)) {
    checked.clear();
    throw new Error(
      `the generated codec of ${desc.typeName} was written for another version of it: run buf generate`,
    );
  }
  for (const { message } of desc.fields) if (message !== undefined) checkShapes(message, byName, checked);
}
