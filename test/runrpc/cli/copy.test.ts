// `runrpc copy`: what it prints, where, with which exit code; and that the server goes on with what it copied.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeFolder, project } from "../../app/project.ts";
import { type PostgresServer, password, startPostgres, whyNoPostgres } from "../../postgres.ts";
import { runCommand } from "./run-command.ts";

const skip = whyNoPostgres() ?? false;
const terminal = join(import.meta.dirname, "../../create/terminal.py");
const launcher = fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url));

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

/** An SQLite database of the tests' application with a user and a key. */
async function makeDatabase(): Promise<string> {
  const file = join(makeFolder(), "db.sqlite");
  const args = ["--user", "ada@example.com", "--new-user", "--scope", "*", "--database", file];
  const { code, stderr } = await runCommand(["keys", "create", ...args]);
  assert.equal(code, 0, stderr);
  return file;
}

function assertHidden(text: string): void {
  for (const secret of [password, encodeURIComponent(password)]) assert.ok(!text.includes(secret), text);
}

test("copy prints a table on stdout and its progress on stderr, and a second one is refused", {
  skip,
}, async () => {
  const [from, to] = [await makeDatabase(), await server.createDatabase()];
  const { code, stdout, stderr } = await runCommand(["copy", "--from", from, "--to", to]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^TABLE +ROWS +CHECKSUM\n/);
  assert.match(stdout, /\nkeys +1 +[0-9a-f]{16}\n/);
  assert.match(stdout, /\nrequest_log +0 +0{16}\n/);
  assert.match(stdout, /has all rows of .*db\.sqlite, and the same checksums\.\n$/);
  for (const line of [
    "examined 1 of 1 rows of users",
    "wrote 1 of 1 rows of users",
    "compared 1 of 1 rows of users",
  ])
    assert.equal(stderr.split("\n").filter((each) => each === line).length, 1, stderr);
  // The keys are the same, and so is who they are for.
  const [there, here] = await Promise.all(
    [to, from].map((database) => runCommand(["keys", "list", "--json", "--database", database])),
  );
  assert.equal(there?.code, 0, there?.stderr);
  assert.equal(there?.stdout, here?.stdout);

  const env = { RUNRPC_DATABASE_URL: to };
  const again = await runCommand(["copy", "--from", from, "--json"], { env });
  assert.deepEqual([again.code, again.stdout], [1, ""]);
  assert.match(again.stderr, /has rows already \(keys 1, users 1\)/);
  assertHidden(stdout + stderr + again.stdout + again.stderr);
});

test("--json prints one object, for a file and a server of the configuration", { skip }, async () => {
  const [from, to] = [await makeDatabase(), await server.createDatabase()];
  const { code, stdout, stderr } = await runCommand(["copy", "--json", "--to", to], {
    env: { RUNRPC_DATABASE_URL: from },
  });
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.deepEqual([report.from, report.to], [from, to.replace(/:[^/@]*@/, "@")]);
  const { checksum, ...users } = report.tables.find(({ name }: { name: string }) => name === "users");
  assert.deepEqual([users, /^[0-9a-f]{64}$/.test(checksum)], [{ name: "users", rows: 1 }, true]);
});

test("on a terminal one line is written over", { skip }, async () => {
  const [from, to] = [await makeDatabase(), await server.createDatabase()];
  const child = spawn(
    "python3",
    [terminal, "[]", process.execPath, launcher, "copy", "--from", from, "--to", to],
    {
      cwd: project,
    },
  );
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0, printed);
  assert.match(printed, /\rwrote 1 of 1 rows of users *\r\n/);
});

test("what is no way from SQLite to Postgres is refused with a sentence, and shows no password", async () => {
  const [file, url] = ["x.sqlite", "postgres://app:s3cret@127.0.0.1:1/app"];
  const refusals: readonly (readonly [from: string, to: string, sentence: RegExp])[] = [
    [url, file, /from SQLite to Postgres alone/],
    [url, url, /pg_dump/],
    [file, file, /`runrpc backup`/],
  ];
  for (const [from, to, sentence] of refusals) {
    const { code, stdout, stderr } = await runCommand(["copy", "--from", from, "--to", to]);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, sentence);
    assert.ok(!stderr.includes("s3cret"));
  }
  const missing = await runCommand(["copy", "--from", "never.sqlite", "--to", url]);
  assert.deepEqual([missing.code, /there is no database .*never\.sqlite/.test(missing.stderr)], [1, true]);
  const unreachable = await runCommand(["copy", "--from", await makeDatabase(), "--to", url]);
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /cannot open the database postgres:\/\/app@127\.0\.0\.1:1\/app: /);
});
