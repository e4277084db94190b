// What is typed wrong ends with a sentence and the right exit code: before anything is done, and without a stack.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { runCommand } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "runrpc-bad-values-"));
after(() => rmSync(folder, { recursive: true }));
const there = join(folder, "there.cpuprofile");
writeFileSync(there, "kept");
const database = ["--database", join(folder, "data.sqlite")];

/** Nobody listens there. */
const nobody = ["--address", "127.0.0.1:1"];

const rows: readonly (readonly [args: readonly string[], code: number, sentence: RegExp])[] = [
  [["logs", "--code", "not_fuond"], 2, /--code is "not_fuond"; did you mean not_found\?/],
  [["logs", "--code", "teapot"], 2, /--code is "teapot"; it takes ok, error, /],
  [["logs", "--since", "99999999999d"], 2, /--since is "99999999999d"; it takes at most 36500d/],
  [["logs", "-n", "1.5"], 2, /--lines is "1\.5"; it takes a whole number from 0 to 10000/],
  [["logs", "--slower-than", "-1"], 2, /--slower-than is "-1"/],
  [["logs", "--key", "a b"], 2, /the key of --key or RUNRPC_KEY has spaces or other characters/],
  [["logs", "--address", "ftp://localhost"], 2, /--address is "ftp:\/\/localhost"/],
  [["logs", "--code", "NotFound", "--code", "NOT_FOUND", ...nobody], 1, /Nothing answers at 127\.0\.0\.1:1/],
  [["top", "--interval", "0"], 2, /--interval is "0"; it takes seconds from 0\.1 to 60/],
  [["profile", "--seconds", "301"], 2, /--seconds is "301"; it takes a whole number from 1 to 300/],
  [["profile", "--out", there, ...nobody], 2, /--out is ".*there\.cpuprofile", which is there already/],
  [["profile", "--out", "no/where/x", ...nobody], 2, /--out is "no\/where\/x", whose folder is not there/],
  [["call", "--key", "ключ"], 2, /the key of --key or RUNRPC_KEY has spaces or other characters/],
  [["call", "--deadline-ms", "1e3"], 2, /--deadline-ms is "1e3"; it takes a whole number from 1/],
  [["call", "-H", "a b: c"], 2, /--header is "a b: c"; HTTP does not allow/],
  [["call", "--ca-file", "no.pem"], 2, /--ca-file: ENOENT/],
  [["call", "--proto", "no.proto"], 2, /--proto no\.proto: /],
  [["keys", "create", "--user", "a", "--expires", "2027-02-30"], 2, /--expires is "2027-02-30"; it takes/],
  [
    ["keys", "create", "--user", "a", "--expires", "9999999w"],
    2,
    /--expires is "9999999w"; it takes at most/,
  ],
  [["keys", "rotate", "rr_12345678", "--grace", "soon"], 2, /--grace is "soon"; it takes a duration/],
  [["keys", "revoke", "rr_12345678", ...database], 1, /there is no (?:API )?key rr_12345678/],
  [["migration", "--name", "../up"], 2, /--name is "\.\.\/up": write it as users_job/],
  [["migration", "--config", "no.ts"], 2, /there is no no\.ts in .*: name drizzle-kit's configuration/],
  [
    ["add", "method", "a.v1.AService", "Track", "--scope", 'a"b'],
    2,
    /--scope is "a\\"b": write it as parcels\.read/,
  ],
  [["add", "method", "a.v1.AService", "Track", "--scope", ""], 2, /--scope is "": write it as parcels\.read/],
  [["backup", "/no/where/x.sqlite"], 2, /there is no folder \/no\/where: make it, or name another file/],
  [["copy", "--from", "a.sqlite", "--to", "b.sqlite"], 2, /--to names no database of Postgres/],
  [["doctor", "--database", join(folder, "no.sqlite")], 1, /no\.sqlite/],
  [["config", "--port", "70000"], 2, /port/],
  [["config", "--config", "no.yaml"], 2, /no\.yaml/],
];

// Whatever would make a file or open a port looks at all of the configuration before.
const settings: readonly (readonly [env: Readonly<Record<string, string>>, sentence: RegExp])[] = [
  [{ RUNRPC_CORS_ORIGINS: "example.com" }, /the CORS origin "example\.com" has no scheme/],
  [{ RUNRPC_CORS_ORIGINS: "https://a.example.com,*" }, /the CORS origin "\*" covers all others/],
  [
    { RUNRPC_CORS_ALLOWED_HEADERS: "x y", RUNRPC_CORS_ORIGINS: "*" },
    /the CORS header "x y" is not the name of a header/,
  ],
  [
    { RUNRPC_CORS_EXPOSED_HEADERS: "a:b", RUNRPC_CORS_ORIGINS: "*" },
    /the CORS header "a:b" is not the name of a header/,
  ],
  [{ RUNRPC_TRUSTED_PROXIES: "10.0.0.0/33" }, /server\.trusted_proxies: "10\.0\.0\.0\/33" cannot be read/],
  [{ RUNRPC_WEB_HOSTS: "https://api.example.com" }, /web\.hosts names "https:\/\/api\.example\.com"/],
];
for (const [env, sentence] of settings)
  it(`${JSON.stringify(env)} is told in a sentence before any file is made`, async () => {
    const where = mkdtempSync(join(folder, "settings-"));
    const database = ["--database", join(where, "data.sqlite")];
    const command =
      [["serve", "--port", "0"], ["migrate"]][settings.findIndex(([one]) => one === env) % 2] ?? [];
    const { code, stdout, stderr } = await runCommand([...command, ...database], { cwd: where, env });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, sentence);
    assert.ok(stderr.endsWith(` (environment ${Object.keys(env)[0]})\n`), stderr);
    assert.deepEqual(readdirSync(where), []);
  });

it("all settings that cannot be used are told at once, by every command that opens the database", async () => {
  const env = { RUNRPC_CORS_ORIGINS: "null", RUNRPC_TRUSTED_PROXIES: "there", RUNRPC_WEB_HOSTS: "a:1" };
  const where = mkdtempSync(join(folder, "settings-"));
  const database = ["--database", join(where, "data.sqlite")];
  const commands = [
    ["serve", "--port", "0", "--workers", "2"],
    ["doctor"],
    ["keys", "list"],
    ["config"],
    ["backup", join(where, "copy.sqlite")],
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await runCommand([...command, ...database], { cwd: where, env });
    assert.deepEqual([code, stdout], [2, ""], command.join(" "));
    assert.match(
      stderr,
      /^error: the CORS origin .*\nerror: server\.trusted_proxies: .*\nerror: web\.hosts .*\n$/,
    );
    assert.deepEqual(readdirSync(where), [], command.join(" "));
  }
});

// Who makes the database has looked at what its server will need, and who finds it there has not.
it("a certificate and a host that cannot be used are told before a database is made, and keep nobody from one that is there", async () => {
  const where = mkdtempSync(join(folder, "settings-"));
  const database = ["--database", join(where, "data.sqlite")];
  const noKey = { RUNRPC_TLS_KEY_FILE: "no-key.pem", RUNRPC_TLS_CERT_FILE: "no-cert.pem" };
  const noHost = { RUNRPC_HOST: "203.0.113.9" };
  const commands = [
    ["migrate"],
    ["keys", "list"],
    ["keys", "create", "--user", "a@example.com", "--new-user", "--scope", "*"],
    ["serve", "--port", "0"],
  ];
  for (const command of commands)
    for (const [env, sentence] of [
      [noKey, /^error: cannot read the TLS key file "no-key\.pem": /],
      [noHost, /^error: 203\.0\.113\.9 is no address of this machine: choose another with --host/],
    ] as const) {
      const { code, stdout, stderr } = await runCommand([...command, ...database], { cwd: where, env });
      assert.deepEqual([code, stdout], [1, ""], command.join(" "));
      assert.match(stderr, sentence);
      assert.deepEqual(readdirSync(where), [], command.join(" "));
    }
  assert.equal((await runCommand(["migrate", ...database], { cwd: where })).code, 0);
  assert.equal((await runCommand(["keys", "list", ...database], { cwd: where, env: noKey })).code, 0);
});

it("doctor tells of TLS files and ports, beside a server that has them too", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number }; // of TCP
  const where = mkdtempSync(join(folder, "settings-"));
  const database = ["--database", join(where, "data.sqlite")];
  assert.equal((await runCommand(["migrate", ...database], { cwd: where })).code, 0);
  const found = async (env: Readonly<Record<string, string>>) => {
    const { code, stdout } = await runCommand(["doctor", "--json", ...database], { cwd: where, env });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; text: string }[] };
    const own = checks.filter(({ name }) => ["tls", "port", "metrics port"].includes(name));
    return { code, checks: own.map(({ name, state, text }) => `${state} ${name}: ${text}`) };
  };
  const host = { RUNRPC_HOST: "127.0.0.1" };
  const metrics = { RUNRPC_METRICS: "1", RUNRPC_METRICS_ADDRESS: "203.0.113.9:1" };
  assert.deepEqual(await found({ ...host, RUNRPC_PORT: `${port}` }), {
    code: 0,
    checks: [`ok port: port ${port} on 127.0.0.1 is in use, as by a server that runs`],
  });
  taken.close();
  await once(taken, "close");
  assert.deepEqual(await found({ ...host, RUNRPC_PORT: `${port}` }), {
    code: 0,
    checks: [`ok port: port ${port} on 127.0.0.1 is free`],
  });
  const wrong = await found({
    RUNRPC_HOST: "203.0.113.9",
    ...metrics,
    RUNRPC_TLS_KEY_FILE: "a",
    RUNRPC_TLS_CERT_FILE: "b",
  });
  assert.equal(wrong.code, 1);
  assert.deepEqual(
    wrong.checks.map((text) => text.split(": ", 1)[0]),
    ["failed tls", "failed port", "failed metrics port"],
  );
});

it("metrics on the port of calls are refused before any file is made", async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number }; // of TCP
  await new Promise((resolve) => probe.close(resolve));
  const where = mkdtempSync(join(folder, "settings-"));
  const metrics = ["--metrics", "--metrics-address", `127.0.0.1:${port}`];
  for (const workers of [[], ["--workers", "2"]]) {
    const args = ["serve", "--host", "127.0.0.1", "--port", `${port}`, ...metrics, ...workers];
    const { code, stdout, stderr } = await runCommand(args, { cwd: where });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`^error: metrics\\.address 127\\.0\\.0\\.1:${port}: `));
    assert.deepEqual(readdirSync(where), []);
  }
});

it("runrpc migration looks for its configuration beside the application, wherever that is", async () => {
  const project = join(folder, "elsewhere");
  mkdirSync(join(project, "app"), { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "runrpc": { "main": "app/main.ts" } }');
  writeFileSync(join(project, "app/main.ts"), "");
  const { code, stderr } = await runCommand(["migration"], { cwd: join(project, "app") });
  assert.equal(code, 2);
  assert.match(stderr, /^error: there is no app\/services\/drizzle\.config\.ts in /);
});

describe("a command line that is wrong", { concurrency: 2 }, () => {
  for (const [args, code, sentence] of rows)
    it(`runrpc ${args.map((arg) => (arg.startsWith(folder) ? "…" : arg)).join(" ")}`, async () => {
      const outcome = await runCommand(args);
      const said = outcome.stderr || outcome.stdout; // what doctor found is its output
      assert.equal(outcome.code, code, said);
      assert.match(said, sentence);
      assert.doesNotMatch(said, /\n\s+at /);
    });
});
