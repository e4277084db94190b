import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { TimestampSchema, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { dateFromTimestamp, timestampFromStored } from "../../../src/runrpc/values/times.ts";

const stored = (seconds: bigint, nanos = 0) =>
  dateFromTimestamp("time", create(TimestampSchema, { seconds, nanos })).getTime();

test("a time is kept to the millisecond, and what is finer is cut off toward the past", () => {
  assert.equal(stored(1n, 999_999), 1_000);
  assert.equal(stored(1n, 1_999_999), 1_001);
  assert.equal(stored(-1n, 0), -1_000);
  assert.equal(stored(-1n, 999_999_999), -1);
  assert.equal(stored(253_402_300_799n, 999_999_999), Date.parse("9999-12-31T23:59:59.999Z"));
  assert.equal(stored(-62_135_596_800n, 1), Date.parse("0001-01-01T00:00:00.000Z"));
});

test("what is no time is refused, with its field and the bound", () => {
  for (const [seconds, nanos, said] of [
    [
      253_402_300_800n,
      0,
      "time: 253402300800 seconds is not within a time, from -62135596800 to 253402300799",
    ],
    [
      -62_135_596_801n,
      999_999_999,
      "time: -62135596801 seconds is not within a time, from -62135596800 to 253402300799",
    ],
    [
      2n ** 62n,
      0,
      "time: 4611686018427387904 seconds is not within a time, from -62135596800 to 253402300799",
    ],
    [0n, 1_000_000_000, "time: 1000000000 nanos is not within a time, from 0 to 999999999"],
    [0n, -1, "time: -1 nanos is not within a time, from 0 to 999999999"],
  ] as const)
    assert.throws(
      () => stored(seconds, nanos),
      (error: unknown) =>
        error instanceof ConnectError && error.code === Code.InvalidArgument && error.rawMessage === said,
    );
});

test("a stored time is sent as it is, and one after the year 9999 as the last one that can be sent", () => {
  for (const text of ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "2024-02-29T12:00:00.001Z"])
    assert.deepEqual(timestampFromStored(new Date(text)), timestampFromDate(new Date(text)));
  const last = create(TimestampSchema, { seconds: 253_402_300_799n, nanos: 999_000_000 });
  for (const ms of [253_402_300_799_999, 253_402_300_800_000, 8_640_000_000_000_000])
    assert.deepEqual(timestampFromStored(new Date(ms)), last);
});
