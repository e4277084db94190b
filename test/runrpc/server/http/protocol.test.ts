import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  deadlineFor,
  MAX_TIMEOUT_MS,
  protocolOf,
  timeoutFault,
  timeoutOf,
} from "../../../../src/runrpc/server/http/protocol.ts";

describe("protocolOf", () => {
  const table: readonly [string | undefined, ReturnType<typeof protocolOf>][] = [
    [undefined, "connect"],
    ["application/json", "connect"],
    ["application/connect+proto", "connect"],
    ["application/grpc", "grpc"],
    ["application/grpc+json", "grpc"],
    ["application/grpc-web", "grpc-web"],
    ["application/grpc-web+proto", "grpc-web"],
    ["application/grpc-web-text", "grpc-web"],
  ];
  for (const [contentType, protocol] of table) {
    it(`${contentType} is ${protocol}`, () => assert.equal(protocolOf(contentType), protocol));
  }
});

describe("timeoutOf", () => {
  const grpc: readonly [string, number][] = [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["250m", 250],
    ["1500u", 1.5],
    ["99999999n", 99.999999],
    ["99999999H", MAX_TIMEOUT_MS],
    ["0S", 0],
    ["123456789S", Number.NaN],
    ["5", Number.NaN],
    ["5s", Number.NaN],
    ["-5S", Number.NaN],
    ["", Number.NaN],
  ];
  for (const [text, ms] of grpc) {
    it(`grpc-timeout ${JSON.stringify(text)} is ${ms} ms`, () => {
      assert.equal(timeoutOf({ "grpc-timeout": text }, "grpc"), ms);
    });
  }
  const connect: readonly [string, number][] = [
    ["0", 0],
    ["1500", 1500],
    ["9999999999", MAX_TIMEOUT_MS],
    ["12345678901", Number.NaN],
    ["1.5", Number.NaN],
    ["", Number.NaN],
  ];
  for (const [text, ms] of connect) {
    it(`connect-timeout-ms ${JSON.stringify(text)} is ${ms} ms`, () => {
      assert.equal(timeoutOf({ "connect-timeout-ms": text }, "connect"), ms);
    });
  }

  it("what is wrong with one is told with its value, bounded, and what its header takes", () => {
    assert.equal(
      timeoutFault({ "grpc-timeout": "1h" }, "grpc-web"),
      'grpc-timeout is "1h"; it takes 1 to 8 digits and a unit: H, M, S, m, u or n',
    );
    assert.equal(
      timeoutFault({ "connect-timeout-ms": "9".repeat(10_000) }, "connect"),
      `connect-timeout-ms is "${"9".repeat(50)}"; it takes milliseconds, in 1 to 10 digits`,
    );
  });

  it("a protocol does not read the header of another", () => {
    assert.equal(timeoutOf({ "grpc-timeout": "1S" }, "connect"), undefined);
    assert.equal(timeoutOf({ "connect-timeout-ms": "1" }, "grpc-web"), undefined);
  });
});

describe("deadlineFor", () => {
  const policy = { defaultDeadlineMs: 60_000, maxDeadlineMs: 3_600_000 };

  it("a call without a timeout gets the default", () => assert.equal(deadlineFor(undefined, policy), 60_000));
  it("a client may ask for less or more than the default", () => {
    assert.equal(deadlineFor(10, policy), 10);
    assert.equal(deadlineFor(90_000, policy), 90_000);
  });
  it("a longer timeout is cut down to the greatest", () => assert.equal(deadlineFor(1e9, policy), 3_600_000));
  it("a greatest of 0 is no bound", () => {
    assert.equal(deadlineFor(1e9, { ...policy, maxDeadlineMs: 0 }), 1e9);
  });
  it("a default of 0 is no deadline", () => {
    assert.equal(deadlineFor(undefined, { ...policy, defaultDeadlineMs: 0 }), undefined);
  });
  it("a timeout of 0 is a deadline", () => assert.equal(deadlineFor(0, policy), 0));
});
