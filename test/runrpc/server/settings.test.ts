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

  for (const [settings, message] of [
    [
      { timeouts: { maxConnectionAgeGraceMs: 5 } },
      "timeouts.maxConnectionAgeGraceMs has no effect where timeouts.max_connection_age_ms is 0",
    ],
    [
      { metrics: { enabled: true, address: "127.0.0.1:9464", open: true } },
      "metrics.open has no effect where metrics.address is 127.0.0.1:9464",
    ],
    [
      { metrics: { address: "127.0.0.1:9464" } },
      "metrics.address has no effect where metrics.enabled is false",
    ],
    [{ cors: { exposedHeaders: ["x-a"] } }, "cors.exposedHeaders has no effect where cors.origins is empty"],
    [{ debug: { blockMs: 50 } }, "debug.blockMs has no effect where server.debug is false"],
    [{ tls: { minVersion: "TLSv1.3" } }, "tls.minVersion has no effect where tls.key_file is empty"],
    [
      { timeouts: { pingIntervalMs: 0, pingTimeoutMs: 5 } },
      "timeouts.pingTimeoutMs has no effect where timeouts.ping_interval_ms is 0",
    ],
    [
      { server: { host: "unix:/run/app.sock", port: 8080 } },
      "server.port has no effect where server.host is unix:/run/app.sock",
    ],
  ] as const)
    it(`refuses ${JSON.stringify(settings)}, of which a part has no effect`, () => {
      assert.throws(() => resolveSettings(settings as object), { message });
    });

  it("takes what equals its default, what is off, and what has an effect, in production too", () => {
    for (const settings of [
      {},
      { timeouts: { pingIntervalMs: 0, pingTimeoutMs: 20_000, maxConnectionAgeGraceMs: 0 } },
      { timeouts: { maxConnectionAgeMs: 1, maxConnectionAgeGraceMs: 1 } },
      { metrics: { address: "", open: false } },
      { metrics: { enabled: true, open: true } },
      { metrics: { open: true }, counter: {} },
      { server: { host: "unix:/run/app.sock", port: 0 } },
      { metrics: { ...resolveSettings({ metrics: { enabled: true, open: true } }).metrics, enabled: false } },
      { traces: { link: "https://traces.example.com/{trace_id}" } },
    ])
      for (const production of [false, true])
        assert.doesNotThrow(() => resolveSettings(settings, production), JSON.stringify(settings));
  });

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
