import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveSettings } from "../../src/server/settings.ts";

describe("resolveSettings", () => {
  it("fills in the schema's defaults as own properties, so that a spread keeps them", () => {
    const { server, limits, timeouts } = resolveSettings({});
    assert.deepEqual(
      { host: { ...server }.host, port: { ...server }.port, lane: { ...server }.lane },
      { host: "[::]", port: 50051, lane: "auto" },
    );
    assert.equal({ ...limits }.maxRequestBytes, 4 * 1024 * 1024);
    assert.equal({ ...timeouts }.drainTimeoutMs, 10_000);
  });

  it("keeps what is given, and does not write to it", () => {
    const limits = Object.freeze({ maxConcurrentCalls: 3 });
    assert.equal(resolveSettings({ limits }).limits.maxConcurrentCalls, 3);
  });

  it("names an unknown setting", () => {
    const limits = { maxConcurentCalls: 3 } as object;
    assert.throws(() => resolveSettings({ limits }), /limits\.maxConcurentCalls is not a setting/);
  });

  it("names a value that is out of range", () => {
    assert.throws(() => resolveSettings({ limits: { maxHeaderBytes: 1 } }), /limits\.max_header_bytes/);
    assert.throws(() => resolveSettings({ server: { lane: "slow" } }), /server\.lane/);
    assert.throws(
      () => resolveSettings({ tls: { keyFile: "key.pem" } }),
      /key_file and cert_file go together/,
    );
  });
});
