import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clone, create, type DescMethod, equals, type Message } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { ConnectError } from "@connectrpc/connect";
import { createShortenTexts } from "../../../../src/runrpc/server/routes/long-texts.ts";
import { createValidation } from "../../../../src/runrpc/server/routes/validation.ts";
import { refusal } from "../../../../src/runrpc/server/routes/violations.ts";
import { LogEntrySchema, LogService, UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { SizesService, TakeRequestSchema } from "../../../gen/rig/sizes/v1/sizes_pb.ts";
import { CreateUserRequestSchema, UserService } from "../../../gen/rig/users/v1/users_pb.ts";

const checkFor = createValidation();
const long = "é".repeat(4_097);

/** What a request is told, and that it is as it was afterwards. */
function told(method: DescMethod, request: Message): string {
  const before = clone(method.input, request);
  try {
    checkFor(method)?.(request);
    return "good";
  } catch (reason) {
    return ConnectError.from(reason).rawMessage;
  } finally {
    assert.ok(equals(method.input, request, before));
  }
}

/** What protovalidate says of all of it. */
function said({ input }: DescMethod, request: Message): string {
  return refusal(createValidator().validate(input, request), "all").rawMessage;
}

const { take } = SizesService.method;
const { createUser } = UserService.method;
const { uploadLogs } = LogService.method;

describe("texts that are far longer than their rules allow", () => {
  for (const [title, method, request] of [
    ["a field", take, create(TakeRequestSchema, { name: long })],
    ["a field of characters of two units", take, create(TakeRequestSchema, { last: "😀".repeat(4_097) })],
    ["two fields", take, create(TakeRequestSchema, { name: long, last: long })],
    ["a value of a map", take, create(TakeRequestSchema, { labels: { a: "b", __proto__: "c", d: long } })],
    ["a message", take, create(TakeRequestSchema, { whole: { text: long } })],
    [
      "an element of a list, and one in it",
      take,
      create(TakeRequestSchema, { parts: [{}, { text: long, parts: [{ text: long }] }] }),
    ],
    ["a value of a map of messages", take, create(TakeRequestSchema, { named: { a: { text: long } } })],
    [
      "the message of a oneof",
      take,
      create(TakeRequestSchema, { choice: { case: "chosen", value: { text: long } } }),
    ],
    ["one that breaks another rule, too", createUser, create(CreateUserRequestSchema, { email: long })],
    [
      "a rule in bytes",
      uploadLogs,
      create(UploadLogsRequestSchema, {
        entries: [{ message: "x".repeat(65_537) }, { message: "😀".repeat(65_536) }],
      }),
    ],
  ] as const)
    it(`${title}: told as protovalidate tells of the whole`, () =>
      assert.equal(told(method, request), said(method, request)));

  it("what its rules allow is as it was, and so is what nobody looks at", () => {
    for (const [method, request] of [
      [take, create(TakeRequestSchema, { name: "é".repeat(8), texts: [long], unchecked: [{ text: long }] })],
      [take, create(TakeRequestSchema, { choice: { case: "other", value: long }, labels: { [long]: "b" } })],
      [
        uploadLogs,
        create(UploadLogsRequestSchema, {
          entries: [{ message: "x".repeat(65_536), attributes: { a: long } }],
        }),
      ],
    ] as const) {
      assert.equal(createShortenTexts(method.input)?.(request), undefined);
      assert.equal(told(method, request), "good");
    }
  });

  it("a text is shortened when it is one unit longer than is enough, and put back", () => {
    const shorten = createShortenTexts(LogEntrySchema);
    const entry = create(LogEntrySchema, { message: "x".repeat(65_537) });
    assert.equal(shorten?.(entry), undefined);
    entry.message += "x";
    const putBack = shorten?.(entry);
    assert.equal(entry.message.length, 65_537);
    putBack?.();
    assert.equal(entry.message.length, 65_538);
  });

  it("a message without such a rule is not looked through", () => {
    assert.equal(createShortenTexts(UserService.method.getUser.input), undefined);
  });

  it("a hundred texts of 4 MB are refused for the price of their beginning", () => {
    const request = create(TakeRequestSchema, { name: "a".repeat(4_000_000) });
    told(take, create(TakeRequestSchema, { name: long })); // compiled
    const check = checkFor(take);
    const before = process.cpuUsage();
    for (let time = 0; time < 100; time++) assert.throws(() => check?.(request));
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 2_000_000, `${user + system} µs`);
  });
});
