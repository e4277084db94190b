// The commands on a database of a server, and that none of them shows its password.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type PostgresServer, password, startPostgres, whyNoPostgres } from "../../postgres.ts";
import { runCommand, startCommand } from "./run-command.ts";

const skip = whyNoPostgres() ?? false;

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

/** Neither as it is nor as a URL has it. */
function assertHidden(text: string): void {
  for (const secret of [password, encodeURIComponent(password)]) assert.ok(!text.includes(secret), text);
}

test("migrate, doctor, config, keys and backup take a URL, and show no password", { skip }, async () => {
  const url = await server.createDatabase();
  const shown = url.replace(/:[^/@]*@/, ":***@");
  const run = async (...args: string[]) => {
    const outcome = await runCommand([...args, "--database", url]);
    assertHidden(outcome.stdout + outcome.stderr);
    return outcome;
  };
  const first = await run("doctor");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /warning +migrations +to be applied/);
  assert.match((await run("migrate")).stdout, /^applied \d+_/);
  assert.equal((await run("migrate")).stdout, `${shown} is up to date\n`);
  const doctor = await run("doctor", "--json");
  const { ok, versions, checks } = JSON.parse(doctor.stdout);
  assert.ok(ok && /^\d+/.test(versions.postgres), doctor.stdout);
  assert.deepEqual(
    checks.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`),
    [
      "server ok",
      "writes ok",
      "schema ok",
      "encoding ok",
      "connections ok",
      "constraints ok",
      "migrations ok",
      "port ok",
    ],
  );
  const full = await run("doctor", "--workers", "4", "--database-connections", "80");
  assert.equal(full.code, 1);
  assert.match(
    full.stdout,
    /failed +connections +88 for 4 workers \(database\.connections is 80\), of 60 .*max_connections/,
  );
  assert.match((await run("config")).stdout, /database\.url +"postgres:\/\/app:\*\*\*@/);
  const key = await run("keys", "create", "--user", "ada@example.com", "--new-user", "--scope", "*");
  assert.match(key.stdout, /^rr_/, key.stderr);
  const backup = await run("backup", "/tmp/never.sqlite");
  assert.deepEqual([backup.code, /pg_dump/.test(backup.stderr)], [1, true]);
});

test("what is of the other kind of database is refused", async () => {
  const postgres = await runCommand([
    "config",
    "--database",
    "postgres://app:s3cret@db/app",
    "--database-readers",
    "2",
  ]);
  assert.deepEqual([postgres.code, postgres.stdout], [2, ""]);
  assert.match(postgres.stderr, /database\.readers .* is for SQLite/);
  assert.ok(!postgres.stderr.includes("s3cret"));
  const sqlite = await runCommand(["config", "--database", "x.sqlite", "--database-connections", "2"]);
  assert.deepEqual([sqlite.code, /database\.connections .* is for Postgres/.test(sqlite.stderr)], [2, true]);
});

test("a server serves its methods on Postgres, drains, and neither its output nor its title has the password", {
  skip,
}, async () => {
  const url = await server.createDatabase();
  const child = startCommand([
    "serve",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--log",
    "all",
    "--database",
    url,
  ]);
  after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    said += `${line}\n`;
    if (line.includes("grpcurl")) break;
  }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdout.resume();
  const base = /http:\/\/\S+/.exec(said)?.[0] ?? assert.fail(said);
  const key = /rr_[\w-]+/.exec(said)?.[0] ?? assert.fail(said);
  const made = await post(base, key, "CreateUser", { email: "ada@example.com", displayName: "Ada" });
  assert.equal(made.status, 200);
  const again = await post(base, key, "CreateUser", { email: "ada@example.com", displayName: "Ada" });
  assert.equal(again.status, 409);
  const list = await post(base, key, "ListUsers", {});
  assert.match(await list.text(), /ada@example\.com/);
  assert.equal((await fetch(`${base}/readyz`)).status, 200);
  assertHidden(readFileSync(`/proc/${child.pid}/cmdline`, "utf8"));
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "close"), [0, null]);
  assertHidden(said);
  const { rows } = await server.query(
    "select count(*)::int as count from pg_stat_activity where datname = $1",
    [new URL(url).pathname.slice(1)],
  );
  assert.deepEqual(rows, [{ count: 0 }]);
});

test("a server that cannot be reached stops the start with a sentence", async () => {
  const { code, stdout, stderr } = await runCommand([
    "serve",
    "--port",
    "0",
    "--database",
    "postgres://app:s3cret@127.0.0.1:1/app",
  ]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /cannot open the database postgres:\/\/app@127\.0\.0\.1:1\/app: .*ECONNREFUSED/);
  assert.ok(!stderr.includes("s3cret"));
});

/** The last on this server, which stays one. */
test("serve, by one process and by several, and migrate say of a standby that it is one", {
  skip,
}, async () => {
  const url = await server.createDatabase();
  await server.crashToStandby();
  for (const args of [["serve", "--port", "0"], ["serve", "--port", "0", "--workers", "2"], ["migrate"]]) {
    const { code, stdout, stderr } = await runCommand([...args, "--database", url]);
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.match(
      stderr,
      /^error: the database postgres:\S+ is on a standby, which takes no writes: [^\n]*\n$/,
    );
  }
});

function post(base: string, key: string, method: string, body: object): Promise<Response> {
  return fetch(`${base}/rig.users.v1.UserService/${method}`, {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
