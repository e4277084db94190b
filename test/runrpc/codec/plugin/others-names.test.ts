// Contracts whose generated names clash, and those that hold messages of others.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { create, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { createCodecs } from "../../../../src/runrpc/codec/codecs.ts";
import type { MessageCodec } from "../../../../src/runrpc/codec/message-codec.ts";
import { generate } from "../../../../src/runrpc/codec/plugin/generate.ts";
import { generateCode } from "../generate.ts";

/** Protobuf-es tells the later ones by a `$`; a message with presence has a prototype, which is asked of its schema. */
const clashes = `edition = "2023";
package clashes.v1;
import "google/protobuf/descriptor.proto";
message Box {
  message Lid { string color = 1; }
  enum Kind { KIND_UNSPECIFIED = 0; }
  Lid lid = 1;
  Box_Lid other = 2;
  Box_Kind kind = 3;
  BoxSchema schema = 4;
  google.protobuf.FieldDescriptorProto field = 5;
}
message Box_Lid { int32 width = 1; }
message Box_Kind { bool open = 1; }
message BoxSchema { repeated string words = 1; }
service Box_Service { rpc Get(Box) returns (Box); }
`;

describe("the plugin, for contracts whose names clash", () => {
  let folder: string;
  let codecs: readonly MessageCodec[];
  let schema: DescMessage;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "runrpc-clashes-"));
    mkdirSync(join(folder, "proto/clashes/v1"), { recursive: true });
    writeFileSync(join(folder, "proto/clashes/v1/box.proto"), clashes);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const gen = await generateCode(join(folder, "proto"), folder);
    const load = (path: string) => import(pathToFileURL(join(gen, path)).href);
    ({ codecs } = (await load("codecs.ts")) as { codecs: readonly MessageCodec[] });
    const generated = (await load("clashes/v1/box_pb.ts")) as { file_clashes_v1_box: DescFile };
    schema = generated.file_clashes_v1_box.messages[0] ?? assert.fail("it has no message");
  });
  after(() => rmSync(folder, { recursive: true }));

  it("each message is read and written by its own codec, as protobuf-es does it", () => {
    const value = {
      lid: { color: "red" },
      other: { width: 3 },
      kind: { open: true },
      schema: { words: ["a", "b"] },
      field: { name: "n", number: 5 },
    };
    const [own, others] = [createCodecs(codecs)(schema), createCodecs([])(schema)];
    const bytes = own.encode(value, 0);
    assert.deepEqual(bytes, others.encode(value, 0));
    assert.deepStrictEqual(own.decode(bytes), others.decode(bytes));
    assert.equal(Object.getPrototypeOf(own.decode(bytes)), Object.getPrototypeOf(others.decode(bytes)));
  });

  it("a message of google/protobuf has the fields that protobuf-es knows, also where the compiler knows more", () => {
    const { proto } = file_google_protobuf_descriptor;
    const later = structuredClone(proto);
    const added = later.messageType.find(({ name }) => name === "FieldDescriptorProto");
    added?.field.push({ ...structuredClone(added.field[0] ?? assert.fail()), name: "later", number: 900 });
    const codecsOf = (descriptor: typeof proto) =>
      generate(
        create(CodeGeneratorRequestSchema, {
          fileToGenerate: [schema.file.proto.name],
          protoFile: [descriptor, schema.file.proto],
        }),
      ).file.map(({ content }) => content);
    assert.deepEqual(codecsOf(later), codecsOf(proto));
  });
});

it("what holds a message that a package brings is left to protobuf-es: nobody knows where its schema is", () => {
  const own = {
    name: "checks/v1/checks.proto",
    package: "checks.v1",
    syntax: "proto3",
    dependency: ["buf/validate/validate.proto"],
    messageType: [
      { name: "Asked" },
      {
        name: "Answered",
        field: [{ name: "found", number: 1, label: 1, type: 11, typeName: ".buf.validate.Violations" }],
      },
    ],
    service: [
      {
        name: "Checks",
        method: [{ name: "Check", inputType: ".checks.v1.Asked", outputType: ".checks.v1.Answered" }],
      },
    ],
  };
  const brought = file_buf_validate_validate.dependencies.map(({ proto }) => proto);
  const { file } = generate(
    create(CodeGeneratorRequestSchema, {
      fileToGenerate: [own.name],
      protoFile: [...brought, file_buf_validate_validate.proto, own],
    }),
  );
  assert.deepEqual(
    file.map(({ name }) => name),
    ["checks/v1/checks_codec.ts", "codecs.ts"],
  );
  const content = file.map((each) => each.content).join("");
  assert.match(content, /typeName: "checks\.v1\.Asked"/);
  assert.doesNotMatch(content, /typeName: "checks\.v1\.Answered"|validate_pb/);
});
