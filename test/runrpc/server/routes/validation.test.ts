import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import { createValidation } from "../../../../src/runrpc/server/routes/validation.ts";
import { LogService, UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { CreateUserRequestSchema, UserService } from "../../../gen/rig/users/v1/users_pb.ts";

const checkFor = createValidation();
const checkUpload = checkFor(LogService.method.uploadLogs);
const checkUser = checkFor(UserService.method.createUser);

/** What a message is refused with; undefined when it is good. */
function refusalOf(check: typeof checkUser, message: Parameters<NonNullable<typeof checkUser>>[0]) {
  try {
    check?.(message);
    return undefined;
  } catch (reason) {
    assert.ok(reason instanceof ConnectError);
    assert.equal(reason.code, Code.InvalidArgument);
    return reason;
  }
}

function upload(init: MessageInitShape<typeof UploadLogsRequestSchema>) {
  const refused = refusalOf(checkUpload, create(UploadLogsRequestSchema, init));
  const violations = refused?.findDetails(ViolationsSchema).flatMap((detail) => detail.violations);
  return { text: refused?.rawMessage, ids: violations?.map(({ ruleId }) => ruleId) };
}

const good = { message: "fine" };

describe("validation", () => {
  it("tells all that is wrong with a small message", () => {
    const refused = refusalOf(checkUser, create(CreateUserRequestSchema, { email: "nope" }));
    assert.equal(
      refused?.rawMessage,
      "email: must be a valid email address [string.email], and 1 more violation",
    );
    assert.equal(refused?.findDetails(ViolationsSchema)[0]?.violations.length, 2);
  });

  it("tells twenty violations at most, and the number of the others", () => {
    const { text, ids } = upload({ entries: Array.from({ length: 20 }, () => ({ severity: 9 as never })) });
    assert.match(text ?? "", /^entries\[0\]\.severity: .*, and 39 more violations$/);
    assert.ok((ids?.length ?? 0) <= 20 && (ids?.length ?? 0) >= 10, `${ids?.length} violations`);
  });

  it("tells the first violation of a message with more than twenty parts", () => {
    assert.deepEqual(upload({ entries: [...Array.from({ length: 20 }, () => good), {}] }), {
      text: "entries[20].message: must be at least 1 characters [string.min_len], and maybe more violations",
      ids: ["string.min_len"],
    });
  });

  it("holds the number of elements against its bound before the elements", () => {
    assert.equal(upload({ entries: Array.from({ length: 1_000 }, () => good) }).text, undefined);
    assert.deepEqual(upload({ entries: Array.from({ length: 1_001 }, () => ({})) }), {
      text: "entries: must contain no more than 1000 item(s) [repeated.max_items], and maybe more violations",
      ids: ["repeated.max_items"],
    });
    const attributes = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, "v"]));
    assert.deepEqual(upload({ entries: [{ ...good, attributes }] }).ids, ["map.max_pairs"]);
  });

  it("200,000 broken elements cost less than 1,000 good ones", () => {
    const broken = create(UploadLogsRequestSchema, { entries: Array.from({ length: 200_000 }, () => ({})) });
    const fine = create(UploadLogsRequestSchema, { entries: Array.from({ length: 1_000 }, () => good) });
    const cpuOf = (message: typeof broken) => {
      const before = process.cpuUsage();
      for (let time = 0; time < 20; time++) refusalOf(checkUpload, message);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cpuOf(fine); // compiled
    const [dear, cheap] = [cpuOf(fine), cpuOf(broken)];
    assert.ok(cheap < dear, `${cheap} µs for broken ones, ${dear} µs for good ones`);
  });
});
