import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveSettings } from "../../../src/runrpc/server/settings.ts";

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

  for (const [settings, message] of [
    [
      { limits: { maxConcurentCalls: 3 } },
      "limits.maxConcurentCalls is not a setting; did you mean maxConcurrentCalls?",
    ],
    [
      { timeouts: { drain_timeout_ms: 3 } },
      "timeouts.drain_timeout_ms is not a setting; did you mean drainTimeoutMs?",
    ],
    [{ limits: 3 }, /^limits is 3; it takes an object with some of maxRequestBytes, /],
    [{ limits: [3] }, /^limits is \[3\]; it takes an object/],
    [{ limits: null }, /^limits is null; it takes an object/],
    [{ tls: { q: 3 } }, /^tls\.q is not a setting; there are keyFile, certFile, /],
  ] as const) {
    it(`refuses ${JSON.stringify(settings)}, and says what is meant`, () => {
      assert.throws(() => resolveSettings(settings as object), { message });
    });
  }

  it("takes a group that is spread from a message", () => {
    const { server } = resolveSettings({ server: { port: 1 } });
    assert.equal(resolveSettings({ server: { ...server } }).server.port, 1);
  });

  it("names a value that is out of range", () => {
    assert.throws(() => resolveSettings({ limits: { maxHeaderBytes: 1 } }), /limits\.max_header_bytes/);
    assert.throws(() => resolveSettings({ server: { lane: "slow" } }), /server\.lane/);
    assert.throws(
      () => resolveSettings({ tls: { keyFile: "key.pem" } }),
      /key_file and cert_file go together/,
    );
    assert.throws(
      () => resolveSettings({ cors: { origins: ["*"], allowCredentials: true } }),
      /allow_credentials needs origins by name/,
    );
  });
});
