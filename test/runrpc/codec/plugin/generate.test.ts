import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { create, type DescFile } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { generate } from "../../../../src/runrpc/codec/plugin/generate.ts";
import { file_kinds_v1_all } from "../gen/kinds/v1/all_pb.ts";

/** What buf asks a plugin with, for the files of a module. */
function request(files: readonly DescFile[], parameter = ""): CodeGeneratorRequest {
  const all = new Map<string, DescFile>();
  const collect = (file: DescFile): void => {
    file.dependencies.forEach(collect); // in front of what imports them
    all.set(file.name, file);
  };
  files.forEach(collect);
  const ofModule = [...all.values()].filter((file) => files.includes(file) || !/^google\//.test(file.name));
  return create(CodeGeneratorRequestSchema, {
    parameter,
    fileToGenerate: ofModule.map(({ proto }) => proto.name),
    protoFile: [...all.values()].map(({ proto }) => proto),
  });
}

const namesOf = (files: readonly DescFile[]) => generate(request(files)).file.map(({ name }) => name);

describe("the plugin", () => {
  it("writes what is committed", () => {
    for (const { name, content } of generate(request([file_kinds_v1_all])).file)
      assert.equal(content, readFileSync(`test/runrpc/codec/gen/${name}`, "utf8"), name);
  });

  it("writes the files of all messages that services take and give, and of what these hold", () => {
    assert.deepEqual(namesOf([file_kinds_v1_all]), [
      "codecs.ts",
      "google/protobuf/any_codec.ts",
      "google/protobuf/duration_codec.ts",
      "google/protobuf/field_mask_codec.ts",
      "google/protobuf/struct_codec.ts",
      "google/protobuf/timestamp_codec.ts",
      "google/protobuf/wrappers_codec.ts",
      "kinds/v1/all_codec.ts",
      "kinds/v1/delimited_codec.ts",
      "kinds/v1/two_codec.ts",
    ]);
  });

  it("writes an empty list where there are no services, so that an application may always import it", () => {
    const files = file_kinds_v1_all.dependencies;
    assert.deepEqual(namesOf(files), ["codecs.ts"]);
    assert.match(
      generate(request(files)).file[0]?.content ?? "",
      /codecs: readonly MessageCodec\[\] = \[\n\];/,
    );
  });

  it("takes the extension of imports and the module of what is called as options", () => {
    const { file } = generate(request([file_kinds_v1_all], "import_extension=js,runtime=../own.js"));
    const all = file.find(({ name }) => name === "kinds/v1/all_codec.ts")?.content ?? "";
    assert.match(all, /from "\.\.\/\.\.\/\.\.\/own\.js";/); // the path is from the top, this file lies below
    assert.match(all, /from "\.\.\/\.\.\/google\/protobuf\/any_codec\.js";/);
    assert.doesNotMatch(file.map(({ content }) => content).join(""), /from "[^"]*\.ts"|runrpc\/codec"/);
  });

  it("takes the schemas of google/protobuf from protobuf-es where it has them, else from beside the codecs", () => {
    const ofGoogle = {
      name: "google/protobuf/other.proto",
      package: "google.protobuf",
      messageType: [
        { name: "Other", field: [{ name: "n", number: 1, label: Label.OPTIONAL, type: Type.INT32 }] },
        { name: "Holder", field: [] },
      ],
      service: [
        {
          name: "Others",
          method: [
            { name: "Get", inputType: ".google.protobuf.Other", outputType: ".google.protobuf.Holder" },
          ],
        },
      ],
    };
    const { file } = generate(
      create(CodeGeneratorRequestSchema, {
        fileToGenerate: [ofGoogle.name],
        protoFile: [create(FileDescriptorProtoSchema, ofGoogle)],
      }),
    );
    const content = file.find(({ name }) => name === "google/protobuf/other_codec.ts")?.content ?? "";
    assert.match(content, /import \{ HolderSchema, OtherSchema \} from "\.\/other_pb\.ts";/);
    const known = generate(request([file_kinds_v1_all]))
      .file.map((each) => each.content)
      .join("");
    assert.doesNotMatch(known, /from "\.\/(any|struct|wrappers)_pb/);
  });

  it("refuses an option that is none, by its name", () => {
    for (const option of ["import_extension=mjs", "runtime=", "messages=all"])
      assert.throws(() => generate(request([file_kinds_v1_all], option)), {
        message: `${option} is no option: there are import_extension=ts|js and runtime=<module>`,
      });
  });
});
