import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, createFileRegistry, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type FieldDescriptorProtoSchema,
  FieldOptions_JSType,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { shapeOf } from "../../../src/runrpc/codec/shape.ts";

type Field = MessageInitShape<typeof FieldDescriptorProtoSchema>;

/** A message with one field, and what lies around it. */
interface Contract {
  readonly field: Field;
  readonly syntax?: "proto2" | "proto3";
  readonly message?: string;
  /** Of the enum `E`. */
  readonly numbers?: readonly number[];
  /** The type of keys of the map `NEntry`. */
  readonly key?: Type;
}

const int32: Field = { name: "n", number: 1, type: Type.INT32, label: Label.OPTIONAL };
const ofEnum: Field = { ...int32, type: Type.ENUM, typeName: ".t.E" };
const ofMap: Field = { ...int32, type: Type.MESSAGE, typeName: ".t.M.NEntry", label: Label.REPEATED };

function shape({
  field,
  syntax = "proto3",
  message = "M",
  numbers = [0, 1],
  key = Type.STRING,
}: Contract): string {
  const values = numbers.map((number, index) => ({ name: `E_${index}`, number }));
  const entry = [
    { ...int32, name: "key", type: key },
    { ...int32, name: "value", number: 2 },
  ];
  const nestedType = field === ofMap ? [{ name: "NEntry", field: entry, options: { mapEntry: true } }] : [];
  const oneofDecl = field.oneofIndex === undefined ? [] : [{ name: "choice" }];
  const file = {
    name: "t.proto",
    package: "t",
    syntax,
    messageType: [{ name: message, field: [field], oneofDecl, nestedType }, { name: "O" }, { name: "P" }],
    enumType: [{ name: "E", value: values }],
  };
  const desc = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage(
    `t.${message}`,
  );
  assert.ok(desc);
  return shapeOf(desc);
}

describe("the shape of a message is another one", () => {
  const asMessage = { ...int32, type: Type.MESSAGE, typeName: ".t.O" };
  const repeated = { ...int32, label: Label.REPEATED };
  const long = { ...int32, type: Type.INT64 };
  const pairs: readonly (readonly [what: string, one: Contract, other: Contract])[] = [
    ["of another message", { field: int32 }, { field: int32, message: "Other" }],
    ["in another syntax", { field: int32, syntax: "proto2" }, { field: int32 }],
    ["with another number", { field: int32 }, { field: { ...int32, number: 2 } }],
    ["with another name", { field: int32 }, { field: { ...int32, name: "m" } }],
    ["with another type", { field: int32 }, { field: { ...int32, type: Type.SINT32 } }],
    ["with a list", { field: int32 }, { field: repeated }],
    [
      "with a list in the other form",
      { field: repeated },
      { field: { ...repeated, options: { packed: false } } },
    ],
    [
      "with text for long numbers",
      { field: long },
      { field: { ...long, options: { jstype: FieldOptions_JSType.JS_STRING } } },
    ],
    ["with a field in a oneof", { field: int32 }, { field: { ...int32, oneofIndex: 0 } }],
    [
      "with an optional field",
      { field: { ...int32, oneofIndex: 0 } },
      { field: { ...int32, oneofIndex: 0, proto3Optional: true } },
    ],
    ["with another message in it", { field: asMessage }, { field: { ...asMessage, typeName: ".t.P" } }],
    [
      "with a group",
      { field: asMessage, syntax: "proto2" },
      { field: { ...asMessage, type: Type.GROUP }, syntax: "proto2" },
    ],
    [
      "with a required field",
      { field: int32, syntax: "proto2" },
      { field: { ...int32, label: Label.REQUIRED }, syntax: "proto2" },
    ],
    ["with other keys of a map", { field: ofMap }, { field: ofMap, key: Type.INT32 }],
    [
      "with more values of a closed enum",
      { field: ofEnum, syntax: "proto2" },
      { field: ofEnum, syntax: "proto2", numbers: [0, 1, 2] },
    ],
    [
      "with another first value of a closed enum",
      { field: ofEnum, syntax: "proto2" },
      { field: ofEnum, syntax: "proto2", numbers: [1, 0] },
    ],
  ];
  for (const [what, one, other] of pairs) it(what, () => assert.notEqual(shape(one), shape(other)));

  it("and not with more values of an open enum, which are read as they are", () => {
    assert.equal(shape({ field: ofEnum }), shape({ field: ofEnum, numbers: [0, 1, 2] }));
  });
});
