import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, createFileRegistry, type DescMessage, fromJsonString } from "@bufbuild/protobuf";
import {
  AnySchema,
  DurationSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  StructSchema,
  TimestampSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { createExactCheck } from "../../../../src/runrpc/server/json/exact-json.ts";
import { createMessageRegistry } from "../../../../src/runrpc/server/routes/message-registry.ts";
import { EventService, StreamEventsRequestSchema } from "../../../gen/rig/events/v1/events_pb.ts";
import { LogEntrySchema, LogService, UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { GetUserRequestSchema, UpdateUserRequestSchema } from "../../../gen/rig/users/v1/users_pb.ts";

/** Every kind of field that JSON may change in silence. */
const all = (() => {
  const message = (name: string, number: number, typeName: string, label = Label.OPTIONAL) => ({
    name,
    number,
    label,
    type: Type.MESSAGE,
    typeName,
  });
  const file = create(FileDescriptorProtoSchema, {
    name: "t.proto",
    package: "t",
    syntax: "proto3",
    dependency: ["any", "duration", "struct", "timestamp", "wrappers"].map(
      (name) => `google/protobuf/${name}.proto`,
    ),
    messageType: [
      {
        name: "All",
        field: [
          message("any", 1, ".google.protobuf.Any"),
          message("value", 2, ".google.protobuf.Value"),
          message("list", 3, ".google.protobuf.ListValue"),
          message("wrapped", 4, ".google.protobuf.UInt64Value"),
          message("inner", 5, ".t.All"),
          { ...message("by_name", 6, ".t.All.ByNameEntry", Label.REPEATED), jsonName: "byName" },
          { ...message("by_number", 7, ".t.All.ByNumberEntry", Label.REPEATED), jsonName: "byNumber" },
          { name: "longs", number: 8, label: Label.REPEATED, type: Type.SINT64 },
        ],
        nestedType: [
          {
            name: "ByNameEntry",
            options: { mapEntry: true },
            field: [
              { name: "key", number: 1, label: Label.OPTIONAL, type: Type.STRING },
              message("value", 2, ".google.protobuf.Timestamp"),
            ],
          },
          {
            name: "ByNumberEntry",
            options: { mapEntry: true },
            field: [
              { name: "key", number: 1, label: Label.OPTIONAL, type: Type.INT64 },
              { name: "value", number: 2, label: Label.OPTIONAL, type: Type.STRING },
            ],
          },
        ],
      },
    ],
  });
  const known = [
    file_google_protobuf_any,
    file_google_protobuf_duration,
    file_google_protobuf_struct,
    file_google_protobuf_timestamp,
    file_google_protobuf_wrappers,
  ];
  const desc = createFileRegistry(file, (name) => known.find(({ proto }) => proto.name === name)).getMessage(
    "t.All",
  );
  assert.ok(desc);
  return desc;
})();

const registry = createMessageRegistry([LogService, EventService]);

/** What the check says of a text; undefined: nothing. */
function inexact(desc: DescMessage, text: string): string | undefined {
  return createExactCheck(desc, registry)?.(JSON.parse(text), text);
}

const changed: readonly (readonly [DescMessage, string, string])[] = [
  [TimestampSchema, '"2024-02-30T00:00:00Z"', '"2024-02-30T00:00:00Z" is no date'],
  [TimestampSchema, '"2023-02-29T00:00:00Z"', '"2023-02-29T00:00:00Z" is no date'],
  [TimestampSchema, '"1900-02-29T00:00:00Z"', '"1900-02-29T00:00:00Z" is no date'],
  [TimestampSchema, '"2024-04-31T12:00:00+05:30"', '"2024-04-31T12:00:00+05:30" is no date'],
  [TimestampSchema, '"2024-01-01T24:00:00Z"', '"2024-01-01T24:00:00Z" has no hour of a day'],
  ...["2024-01-01T00:00:60Z", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00+24:00", "2024-01-01", ""].map(
    (text): [DescMessage, string, string] => [
      TimestampSchema,
      `"${text}"`,
      `"${text}" is no time such as 2006-01-02T15:04:05.999Z`,
    ],
  ),
  [
    TimestampSchema,
    '"0001-01-01T00:00:00+00:01"',
    '"0001-01-01T00:00:00+00:01" is not within the years 1 to 9999',
  ],
  [
    TimestampSchema,
    '"9999-12-31T23:59:59-00:01"',
    '"9999-12-31T23:59:59-00:01" is not within the years 1 to 9999',
  ],
  [DurationSchema, '"1.5s and more"', '"1.5s and more" is no duration'],
  [DurationSchema, '"1.0000000001s"', '"1.0000000001s" is no duration'],
  [DurationSchema, '"315576000000.5s"', '"315576000000.5s" is above the maximum of 315576000000s'],
  [DurationSchema, '"-315576000001s"', '"-315576000001s" is above the maximum of 315576000000s'],
  [
    LogEntrySchema,
    '{"severity":"SEVERITY_FATAL"}',
    'severity: "SEVERITY_FATAL" is no value of rig.logs.v1.Severity',
  ],
  [
    UploadLogsRequestSchema,
    '{"entries":[{},{"time":"2024-02-30T00:00:00Z"}]}',
    'entries[1].time: "2024-02-30T00:00:00Z" is no date',
  ],
  [
    StreamEventsRequestSchema,
    '{"afterId":9007199254740993}',
    "afterId: the number is rounded when it is read; write it with quotes",
  ],
  [
    StreamEventsRequestSchema,
    '{"after_id":1.0000000000000000001}',
    "after_id: the number is rounded when it is read; write it with quotes",
  ],
  ...[
    "0.9007199254740993e16",
    "9.007199254740993E15",
    "90071992547409930e-1",
    "1000000000000000e-999999999",
    `1.${"0".repeat(1_000)}`,
  ].map((number): [DescMessage, string, string] => [
    StreamEventsRequestSchema,
    `{"afterId":${number}}`,
    "afterId: the number is rounded when it is read; write it with quotes",
  ]),
  [
    StreamEventsRequestSchema,
    `{"afterId":"${"9".repeat(41)}"}`,
    `afterId: "${"9".repeat(41)}" is no integer of 64 bits`,
  ],
  [StreamEventsRequestSchema, '{"afterId":"0x10"}', 'afterId: "0x10" is no integer'],
  [
    StructSchema,
    '{"a":[0.1,{"id":9007199254740993}]}',
    "a[1].id: the number is rounded when it is read; write it with quotes",
  ],
  [StructSchema, '{"a":[{"b":1e400}]}', "a[0].b: the number is above the greatest double"],
  [StructSchema, '{"a":"\\ud800"}', "a: the text holds half a surrogate pair"],
  [StructSchema, '{"\\udc00":1}', "\ufffd: the text holds half a surrogate pair"],
  [
    all,
    '{"any":{"@type":"type.googleapis.com/rig.logs.v1.LogEntry","severity":"NONE"}}',
    'any.severity: "NONE" is no value of rig.logs.v1.Severity',
  ],
  [
    all,
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"2024-02-30T00:00:00Z"}}',
    'any: "2024-02-30T00:00:00Z" is no date',
  ],
  [all, '{"value":-1e999}', "value: the number is above the greatest double"],
  [all, '{"list":["\\ud800"]}', "list[0]: the text holds half a surrogate pair"],
  [
    all,
    '{"wrapped":18446744073709551615}',
    "wrapped: the number is rounded when it is read; write it with quotes",
  ],
  [
    all,
    '{"inner":{"inner":{"longs":["1",9007199254740993]}}}',
    "inner.inner.longs[1]: the number is rounded when it is read; write it with quotes",
  ],
  [all, '{"byName":{"a":"2024-02-30T00:00:00Z"}}', 'byName["a"]: "2024-02-30T00:00:00Z" is no date'],
  [
    all,
    `{"byNumber":{"${"1".repeat(50)}":"x"}}`,
    `byNumber["${"1".repeat(50)}"]: "${"1".repeat(50)}" is no integer of 64 bits`,
  ],
];

const kept: readonly (readonly [DescMessage, string])[] = [
  [TimestampSchema, '"2024-02-29T23:59:59.999999999Z"'],
  [TimestampSchema, '"2000-02-29T00:00:00-23:59"'],
  [TimestampSchema, '"9999-12-31T23:59:59.999999999Z"'],
  [TimestampSchema, '"0001-01-01T00:00:00Z"'],
  [DurationSchema, '"-315576000000.000000000s"'],
  [DurationSchema, '"0.123456789s"'],
  [StreamEventsRequestSchema, '{"afterId":9007199254740991}'],
  [StreamEventsRequestSchema, '{"afterId":9223372036854774784}'],
  [StreamEventsRequestSchema, '{"afterId":1e15}'],
  [StreamEventsRequestSchema, '{"afterId":9.007199254740992e+15}'],
  [StreamEventsRequestSchema, '{"afterId":1.00000000000000000000e3}'],
  [StreamEventsRequestSchema, '{"afterId":0.0000000000000000000e999999999}'],
  [StreamEventsRequestSchema, '{"afterId":"9223372036854775807"}'],
  [StructSchema, '{"a":1.7976931348623157e308,"b":0.1,"c":9007199254740992,"d":"😀","__proto__":{}}'],
  [StructSchema, '{"a":12345678901234567000,"b":1e23,"c":-100000000000000000000,"d":0.12345678901234567890}'],
  [LogEntrySchema, '{"severity":"SEVERITY_ERROR","attributes":{"a":"2024-02-30T00:00:00Z"}}'],
  [LogEntrySchema, '{"severity":4,"time":null}'],
  [all, '{"longs":["-9223372036854775808",3.0],"byNumber":{"7":"9007199254740993"}}'],
];

describe("createExactCheck", () => {
  for (const [desc, text, problem] of changed)
    it(`${desc.typeName} ${text.slice(0, 80)}: ${problem.slice(0, 80)}`, () =>
      assert.equal(inexact(desc, text), problem));

  for (const [desc, text] of kept)
    it(`${desc.typeName} ${text} is what it says`, () => {
      assert.equal(inexact(desc, text), undefined);
      assert.doesNotThrow(() => fromJsonString(desc, text, { registry }));
    });

  it("there is none for messages whose values JSON does not change", () => {
    assert.equal(createExactCheck(GetUserRequestSchema, registry), undefined);
    assert.equal(createExactCheck(UpdateUserRequestSchema, registry), undefined);
    assert.notEqual(createExactCheck(AnySchema, registry), undefined);
  });

  it("a document of a million levels is no deeper than protobuf-es reads", () => {
    const levels = 1_000_000;
    const text = `${'{"inner":'.repeat(levels)}{}${"}".repeat(levels)}`;
    assert.equal(inexact(all, text), undefined);
    assert.equal(inexact(all, `{"value":${"[".repeat(levels)}${"]".repeat(levels)}}`), undefined);
  });
});
