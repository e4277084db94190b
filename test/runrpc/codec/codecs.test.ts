import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { createCodecs } from "../../../src/runrpc/codec/codecs.ts";
import type { MessageCodec } from "../../../src/runrpc/codec/message-codec.ts";
import { codecs } from "./gen/codecs.ts";
import { AllSchema, InnerSchema } from "./gen/kinds/v1/all_pb.ts";

/** The codecs, of which one tells when it is used. */
function watched(typeName: string, onUse: () => void): readonly MessageCodec[] {
  return codecs.map((codec) =>
    codec.typeName === typeName
      ? {
          ...codec,
          read(...args) {
            onUse();
            return codec.read(...args);
          },
          write(...args) {
            onUse();
            return codec.write(...args);
          },
        }
      : codec,
  );
}

describe("codecs", () => {
  it("a message with a generated codec is read and written by it", () => {
    let uses = 0;
    const codec = createCodecs(watched("kinds.v1.Inner", () => uses++))(InnerSchema);
    codec.decode(codec.encode({ n: 1 }, 0));
    assert.equal(uses, 2);
  });

  it("a message without one is read and written by protobuf-es", () => {
    const codec = createCodecs(codecs.filter(({ typeName }) => typeName !== "kinds.v1.Inner"))(InnerSchema);
    assert.deepStrictEqual(codec.decode(codec.encode({ n: 1 }, 0)), create(InnerSchema, { n: 1 }));
  });

  it("the same message has the same codec", () => {
    const find = createCodecs(codecs);
    assert.equal(find(InnerSchema), find(InnerSchema));
  });

  it("a codec that was written for another version of its message, or of one that this holds, is refused by name", () => {
    const stale = (typeName: string) =>
      createCodecs(
        codecs.map((codec) => (codec.typeName === typeName ? { ...codec, shape: "another" } : codec)),
      );
    const refusal = (typeName: string) => ({
      message: `the generated codec of ${typeName} was written for another version of it: run buf generate`,
    });
    assert.throws(() => stale("kinds.v1.All")(AllSchema), refusal("kinds.v1.All"));
    assert.throws(() => stale("kinds.v1.Inner")(AllSchema), refusal("kinds.v1.Inner"));
    assert.throws(() => stale("google.protobuf.Timestamp")(AllSchema), refusal("google.protobuf.Timestamp"));
    const again = stale("kinds.v1.Inner");
    for (let times = 0; times < 2; times++) assert.throws(() => again(AllSchema), refusal("kinds.v1.Inner"));
    // It is nobody's business where the message is not used.
    assert.ok(stale("kinds.v1.All")(TimestampSchema));
  });

  // Both are read when protobuf-es is loaded or used first, so that each needs a process of its own.
  const uses = `
    import { createCodecs } from "./src/runrpc/codec/codecs.ts";
    import { codecs } from "./test/runrpc/codec/gen/codecs.ts";
    import { InnerSchema } from "./test/runrpc/codec/gen/kinds/v1/all_pb.ts";
    import { configureTextEncoding, getTextEncoding } from "@bufbuild/protobuf/wire";
    let uses = 0;
    const watched = codecs.map((codec) => ({ ...codec, write(...args) { uses++; return codec.write(...args); } }));
    if (process.env.OWN_TEXT !== undefined) {
      const { encodeUtf8, decodeUtf8, checkUtf8 } = getTextEncoding();
      configureTextEncoding({ encodeUtf8, decodeUtf8, checkUtf8 });
    }
    const bytes = createCodecs(watched)(InnerSchema).encode({ name: "x" }, 0);
    console.log(uses, bytes.toString("hex"));
  `;
  for (const [title, environment, used] of [
    ["are used where nothing speaks against it", {}, 1],
    [
      "are left where BUF_BIGINT_DISABLE has protobuf-es take text for bigint",
      { BUF_BIGINT_DISABLE: "1" },
      0,
    ],
    ["are left where somebody has configured another text encoding", { OWN_TEXT: "1" }, 0],
  ] as const) {
    it(title, () => {
      const output = execFileSync(
        process.execPath,
        ["--conditions=runrpc-source", "--input-type=module", "--eval", uses],
        { encoding: "utf8", env: { ...process.env, ...environment } },
      );
      assert.equal(output.trim(), `${used} 0a0178`);
    });
  }
});
