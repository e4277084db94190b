import assert from "node:assert/strict";
import { it } from "node:test";
import { parseDurationMs, parseFutureDate } from "../../../src/runrpc/cli/when.ts";

const now = new Date("2026-11-22T12:00:00Z");

it("durations have a unit", () => {
  assert.deepEqual(
    ["45s", "30m", "24h", "90d", "2w"].map((text) => parseDurationMs("--grace", text)),
    [45_000, 1_800_000, 86_400_000, 7_776_000_000, 1_209_600_000],
  );
  for (const text of ["", "90", "d", "-1d", "1.5h", "1 d", "1y"]) {
    assert.throws(() => parseDurationMs("--grace", text), { exitCode: 2 }, text);
  }
});

it("a duration is a hundred years at most, which every date has room for", () => {
  assert.equal(parseDurationMs("--grace", "36500d"), 3_153_600_000_000);
  for (const text of ["36501d", "5215w", `${"9".repeat(400)}s`])
    assert.throws(() => parseDurationMs("--grace", text), { exitCode: 2, message: /at most 36500d/ }, text);
  assert.throws(() => parseFutureDate("--expires", "99999999999w", now), { exitCode: 2 });
});

it("a moment is a duration from here or a date that has not passed", () => {
  assert.equal(parseFutureDate("--expires", "90d", now).toISOString(), "2027-02-20T12:00:00.000Z");
  assert.equal(parseFutureDate("--expires", "2027-01-31", now).toISOString(), "2027-01-31T00:00:00.000Z");
  for (const text of ["2026-11-22", "2027-13-01", "2027-02-30", "tomorrow", "2027"]) {
    assert.throws(() => parseFutureDate("--expires", text, now), { exitCode: 2 }, text);
  }
});
