import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ConfigError, type ConfigOptions, loadConfig } from "../../../src/runrpc/config/config.ts";

const empty = folder({});

describe("loadConfig", () => {
  it("gives every value its default, as an own property", async () => {
    const { config, sources, file, production } = await loadConfig({ folder: empty });
    assert.deepEqual(
      { ...config.server },
      {
        $typeName: "runrpc.config.v1.Server",
        host: "[::]",
        port: 50051,
        debug: false,
        health: true,
        reflection: true,
        reflectionOpen: false,
        lane: "auto",
        http2: "own",
        codec: "own",
        trustedProxies: [],
      },
    );
    assert.equal({ ...config.limits }.maxConcurrentStreams, 100);
    assert.deepEqual({ ...config.cors }.origins, []);
    assert.deepEqual(new Set(sources.values()), new Set(["default"]));
    assert.equal(file, undefined);
    assert.equal(production, false);
  });

  it("lets a file win over defaults, the environment over the file, and flags over the environment", async () => {
    const where = folder({
      "runrpc.yaml": "limits: {max_connections: 1, max_header_pairs: 9}\nserver: {port: 1}",
    });
    const { config, sources, file } = await loadConfig({
      folder: where,
      env: { RUNRPC_PORT: "2", RUNRPC_MAX_CONNECTIONS: "2" },
      flags: { "server.port": "3" },
    });
    assert.deepEqual(
      [
        config.server.port,
        config.limits.maxConnections,
        config.limits.maxHeaderPairs,
        config.auth.maxFailures,
      ],
      [3, 2, 9, 10],
    );
    assert.deepEqual(
      ["server.port", "limits.max_connections", "limits.max_header_pairs", "auth.max_failures"].map((path) =>
        sources.get(path),
      ),
      ["flag --port", "environment RUNRPC_MAX_CONNECTIONS", "file runrpc.yaml", "default"],
    );
    assert.equal(file, "runrpc.yaml");
  });

  it("reads YAML and JSON, with keys as in the schema or in camel case", async () => {
    for (const [name, content] of [
      ["a.yaml", "tls: {key_file: k, certFile: c}\nlog: {mode: off, table: false}\ncors: {origins: ['*']}"],
      [
        "a.json",
        '{"tls":{"keyFile":"k","cert_file":"c"},"log":{"mode":"off","table":false},"cors":{"origins":["*"]}}',
      ],
    ] as const) {
      const { config, sources } = await loadConfig({ folder: folder({ [name]: content }), file: name });
      assert.deepEqual(
        [config.tls.keyFile, config.tls.certFile, config.log.mode, config.log.table, config.cors.origins],
        ["k", "c", "off", false, ["*"]],
      );
      assert.equal(sources.get("log.mode"), `file ${name}`);
    }
  });

  it("takes an empty file, an empty group and a null for what is not given", async () => {
    for (const content of ["", "server:\n", "server: {port: null}\n"]) {
      const { config } = await loadConfig({ folder: folder({ "runrpc.yaml": content }) });
      assert.equal(config.server.port, 50051);
    }
  });

  it("takes the port of the platform where nothing else names one, and tells where it came from", async () => {
    const named = folder({ "runrpc.yaml": "server: {port: 2}" });
    for (const [options, port, source] of [
      [{ folder: empty, env: { PORT: "8080" } }, 8080, "environment PORT"],
      [{ folder: empty, env: { PORT: "0" } }, 0, "environment PORT"],
      [{ folder: empty, env: { PORT: "" } }, 50051, "default"],
      [{ folder: named, env: { PORT: "8080" } }, 2, "file runrpc.yaml"],
      [{ folder: empty, env: { PORT: "8080", RUNRPC_PORT: "3" } }, 3, "environment RUNRPC_PORT"],
      [{ folder: empty, env: { PORT: "8080" }, flags: { "server.port": "4" } }, 4, "flag --port"],
      [{ folder: empty, env: { PORT: "somebody's" }, flags: { "server.port": "4" } }, 4, "flag --port"],
      [{ folder: empty, env: { PORT: "8080", RUNRPC_PORT: "tcp://10.0.0.7:80" } }, 8080, "environment PORT"],
    ] as const) {
      const { config, sources } = await loadConfig(options);
      assert.deepEqual([config.server.port, sources.get("server.port")], [port, source]);
    }
    for (const PORT of ["http", "-1", "65536", "80.5"]) {
      await assert.rejects(loadConfig({ folder: empty, env: { PORT } }), {
        message: new RegExp(`environment PORT is "?${PORT}"?; it takes a whole number from 0 to 65535`),
      });
    }
  });

  it("takes a number of workers or auto, from every layer, with page and monitor on by default", async () => {
    const auto = Math.min(64, availableParallelism());
    const file = folder({ "runrpc.yaml": "workers: {count: auto}" });
    for (const [options, count] of [
      [{ folder: empty }, 1],
      [{ folder: file }, auto],
      [{ folder: file, env: { RUNRPC_WORKERS: "3" } }, 3],
      [{ folder: empty, env: { RUNRPC_WORKERS: "auto" } }, auto],
      [{ folder: empty, flags: { "workers.count": "64" } }, 64],
    ] as const) {
      const { config, sources } = await loadConfig(options);
      assert.equal(config.workers.count, count);
      for (const [path, { enabled }] of [
        ["web.enabled", config.web],
        ["monitor.enabled", config.monitor],
      ] as const)
        assert.deepEqual([enabled, sources.get(path)], [true, "default"]);
    }
    for (const text of ["0", "65", "two", "-1", "1.5", ""]) {
      const given = loadConfig({ folder: empty, flags: { "workers.count": text } });
      await assert.rejects(given, {
        message: /flag --workers is .*; it takes auto or a whole number from 1 to 64/,
      });
    }
  });

  it("takes switches and lists from text, and an empty variable for none", async () => {
    const { config } = await loadConfig({
      folder: empty,
      env: {
        RUNRPC_DEBUG: "on",
        RUNRPC_HEALTH: "0",
        RUNRPC_CORS_ORIGINS: "https://a, https://b",
        RUNRPC_PORT: "",
      },
      flags: { "server.reflection": false },
    });
    assert.deepEqual(
      [
        config.server.debug,
        config.server.health,
        config.cors.origins,
        config.server.port,
        config.server.reflection,
      ],
      [true, false, ["https://a", "https://b"], 50051, false],
    );
  });

  it("reads the file that RUNRPC_CONFIG names, unless a flag names another", async () => {
    const where = folder({ "a.yaml": "server: {port: 1}", "b.yaml": "server: {port: 2}" });
    const env = { RUNRPC_CONFIG: "a.yaml" };
    assert.equal((await loadConfig({ folder: where, env })).config.server.port, 1);
    assert.equal((await loadConfig({ folder: where, env, file: "b.yaml" })).config.server.port, 2);
  });

  it("knows production by NODE_ENV", async () => {
    assert.equal((await loadConfig({ folder: empty, env: { NODE_ENV: "production" } })).production, true);
  });

  it("passes over what Kubernetes sets for a Service of this name", async () => {
    const env = {
      RUNRPC_PORT: "tcp://10.0.0.7:80",
      RUNRPC_SERVICE_HOST: "10.0.0.7",
      RUNRPC_SERVICE_PORT: "80",
      RUNRPC_SERVICE_PORT_GRPC: "80",
      RUNRPC_PORT_80_TCP: "tcp://10.0.0.7:80",
      RUNRPC_PORT_80_TCP_ADDR: "10.0.0.7",
    };
    assert.equal((await loadConfig({ folder: empty, env })).config.server.port, 50051);
  });

  it("names every problem at once, with its place, value and limit, and what may be meant", async () => {
    const content = [
      "server: {prt: 80, port: abc, max_conections: 4}",
      "port: 3",
      "limtis: {}",
      "tls: {key_file: k}",
      "limits: {maxHeaderBytes: 3, max_header_bytes: 4}",
      "cors: {origins: [1]}",
      "log: 7",
    ].join("\n");
    const problems = await problemsOf({
      folder: folder({ "runrpc.yaml": content }),
      env: { RUNRPC_PROT: "1", RUNRPC_LOG: "all", RUNRPC_LOG_MODE: "off", RUNRPC_DEBUG: "maybe" },
      flags: { "server.lane": "stok", "database.readers": "65", "log.max_queued_records": "-1" },
    });
    assert.deepEqual(
      problems.toSorted(),
      [
        "config file runrpc.yaml: cors.origins is [1]; it takes a list",
        "config file runrpc.yaml: limits.max_header_bytes is 3; it takes a whole number from 1024 to 1048576",
        "config file runrpc.yaml: limits.max_header_bytes is given twice",
        "config file runrpc.yaml: limtis is unknown; did you mean limits?",
        "config file runrpc.yaml: log does not hold a map of values",
        "config file runrpc.yaml: port is unknown; did you mean server.port?",
        'config file runrpc.yaml: server.port is "abc"; it takes a whole number from 0 to 65535',
        "config file runrpc.yaml: server.max_conections is unknown; did you mean limits.max_connections?",
        "config file runrpc.yaml: server.prt is unknown; did you mean port?",
        'environment RUNRPC_DEBUG is "maybe"; it takes true or false',
        "environment RUNRPC_LOG and RUNRPC_LOG_MODE are the same value: set one of them",
        "environment RUNRPC_PROT is unknown; did you mean RUNRPC_PORT?",
        'flag --database-readers is "65"; it takes a whole number from 1 to 64',
        'flag --lane is "stok"; it takes auto or stock; did you mean stock?',
        'flag --log-max-queued-records is "-1"; it takes a whole number from 1 to 4294967295',
        "tls: key_file and cert_file go together: name both or neither",
      ].toSorted(),
    );
  });

  it("refuses what was given and has no effect because of another value, with the place of both", async () => {
    for (const [env, problem] of [
      [
        { RUNRPC_MAX_CONNECTION_AGE_GRACE_MS: "9" },
        "timeouts.max_connection_age_grace_ms (environment RUNRPC_MAX_CONNECTION_AGE_GRACE_MS) has no effect where timeouts.max_connection_age_ms is 0 (default)",
      ],
      [
        { RUNRPC_METRICS: "1", RUNRPC_METRICS_ADDRESS: "127.0.0.1:9", RUNRPC_METRICS_OPEN: "1" },
        "metrics.open (environment RUNRPC_METRICS_OPEN) has no effect where metrics.address is 127.0.0.1:9 (environment RUNRPC_METRICS_ADDRESS)",
      ],
      [
        { RUNRPC_METRICS_OPEN: "1" },
        "metrics.open (environment RUNRPC_METRICS_OPEN) has no effect where metrics.enabled is false (default)",
      ],
      [
        { RUNRPC_HOST: "unix:/run/a.sock", RUNRPC_PORT: "80" },
        "server.port (environment RUNRPC_PORT) has no effect where server.host is unix:/run/a.sock (environment RUNRPC_HOST)",
      ],
      [
        { RUNRPC_LOG: "off", RUNRPC_LOG_TABLE: "1" },
        "log.table (environment RUNRPC_LOG_TABLE) has no effect where log.mode is off (environment RUNRPC_LOG)",
      ],
      [
        { RUNRPC_LOG_MAX_KEPT_REQUESTS: "9" },
        "log.max_kept_requests (environment RUNRPC_LOG_MAX_KEPT_REQUESTS) has no effect where log.requests is false (default)",
      ],
      [
        { RUNRPC_PING_INTERVAL_MS: "0", RUNRPC_PING_TIMEOUT_MS: "20000" },
        "timeouts.ping_timeout_ms (environment RUNRPC_PING_TIMEOUT_MS) has no effect where timeouts.ping_interval_ms is 0 (environment RUNRPC_PING_INTERVAL_MS)",
      ],
      [
        { RUNRPC_WORKERS_MAX_STILL_MS: "9000" },
        "workers.max_still_ms (environment RUNRPC_WORKERS_MAX_STILL_MS) has no effect where workers.count is 1 (default)",
      ],
      [
        { RUNRPC_WEB_HOSTS: "a.example.com", NODE_ENV: "production" },
        "web.hosts (environment RUNRPC_WEB_HOSTS) has no effect where web.enabled is false (default in production)",
      ],
    ] as const)
      assert.deepEqual(await problemsOf({ folder: empty, env }), [problem]);
  });

  it("takes what came by itself, what is off, and what a later layer switches off", async () => {
    const shared = folder({ "runrpc.yaml": "web: {hosts: [a.example.com]}" });
    for (const options of [
      { folder: empty, env: { PORT: "80", RUNRPC_HOST: "unix:/run/a.sock" } },
      {
        folder: empty,
        env: { RUNRPC_PING_INTERVAL_MS: "0", RUNRPC_LOG: "off", RUNRPC_COMPRESSION_MIN_BYTES: "0" },
      },
      { folder: empty, env: { RUNRPC_METRICS_OPEN: "0", RUNRPC_MAX_CONNECTION_AGE_GRACE_MS: "0" } },
      { folder: shared, env: { NODE_ENV: "production" } },
      { folder: shared, env: { RUNRPC_WEB: "0" } },
      { folder: empty, env: { RUNRPC_METRICS_ADDRESS: "127.0.0.1:9" }, flags: { "metrics.enabled": false } },
      { folder: shared },
      { folder: empty, env: { RUNRPC_WORKERS: "2", RUNRPC_WORKERS_MAX_STILL_MS: "9000" } },
    ])
      await assert.doesNotReject(loadConfig(options), JSON.stringify(options));
  });

  it("refuses a file that is named and missing, is a folder, is no YAML, or holds no map", async () => {
    const where = folder({ "bad.yaml": "a: [1\nb: 2", "list.yaml": "- 1" });
    const problemOf = async (file: string) => (await problemsOf({ folder: where, file }))[0];
    assert.equal(await problemOf("none.yaml"), "config file none.yaml: there is no such file");
    assert.equal(await problemOf("."), "config file .: it cannot be read (EISDIR)");
    assert.match((await problemOf("bad.yaml")) ?? "", /^config file bad\.yaml: .* at line 2, column/);
    assert.equal(await problemOf("list.yaml"), "config file list.yaml: it does not hold a map of groups");
  });

  it("refuses a file that is anything else by mistake, in a short sentence", async () => {
    const deep = "[".repeat(100_000);
    const bomb = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"];
    for (const [index, name] of [..."bcdefgh"].entries())
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(", ")}]`);
    const where = folder({
      "deep.yaml": deep,
      "bomb.yaml": bomb.join("\n"),
      "alias.yaml": "server: *nobody",
      "tag.yaml": "database: {url: !env DATABASE_URL}",
      "latin1.yaml": Buffer.from("database: {url: caf\u00e9.sqlite}", "latin1"),
      "utf16.yaml": Buffer.from("\ufeffserver: {port: 1}", "utf16le"),
      "long.yaml": `# ${"x".repeat(1_048_576)}`,
      "name.yaml": JSON.stringify({
        ["n".repeat(100_000)]: {},
        server: { ["k".repeat(100_000)]: 1, port: "9".repeat(100_000) },
      }),
      "secret.yaml": "database: {url: ['postgres://me:hunter2@host/db']}",
      "mark.yaml": "\ufeffserver: {port: 1}",
    });
    symlinkSync(join(where, "nowhere"), join(where, "runrpc.yaml"));
    for (const [file, pattern] of [
      ["deep.yaml", /^config file deep\.yaml: it is nested too deep/],
      ["bomb.yaml", /^config file bomb\.yaml: Excessive alias count/],
      ["alias.yaml", /^config file alias\.yaml: .*nobody/],
      ["tag.yaml", /^config file tag\.yaml: .*!env/],
      ["latin1.yaml", /^config file latin1\.yaml: it is no UTF-8: save it as UTF-8$/],
      ["utf16.yaml", /^config file utf16\.yaml: it is UTF-16: save it as UTF-8$/],
      ["long.yaml", /^config file long\.yaml: it has more than 1048576 bytes$/],
      ["name.yaml", /^config file name\.yaml: n{200}… is unknown\n.*k{200}… is unknown\n.*server\.port is /s],
      ["secret.yaml", /^config file secret\.yaml: database\.url is .*me:\*\*\*@host.*; it takes text/],
      ["/dev/zero", /^config file \/dev\/zero: it has more than 1048576 bytes$/],
      [undefined, /^config file runrpc\.yaml: there is no such file$/],
    ] as const) {
      const text = (await problemsOf({ folder: where, file })).join("\n");
      assert.match(text, pattern);
      assert.ok(text.length < 1_500, text);
    }
    assert.equal((await loadConfig({ folder: where, file: "mark.yaml" })).config.server.port, 1);
  });
});

async function problemsOf(options: ConfigOptions): Promise<readonly string[]> {
  try {
    await loadConfig(options);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  throw new assert.AssertionError({ message: "the configuration was taken" });
}

function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = mkdtempSync(join(tmpdir(), "runrpc-config-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  after(() => rmSync(path, { recursive: true }));
  return path;
}
