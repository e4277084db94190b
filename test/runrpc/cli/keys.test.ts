import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import Database from "better-sqlite3";
import { makeFolder } from "../../app/project.ts";
import { runCommand } from "./run-command.ts";

const cwd = makeFolder();

interface Listed {
  readonly keyId: string;
  readonly callsPerSecond?: number;
  readonly maxConcurrentCalls?: number;
}

async function keys(...args: string[]) {
  const { stdout, stderr, code } = await runCommand(["keys", ...args], { cwd });
  assert.equal(code, 0, stderr);
  return stdout;
}

it("a key's own limits are made with it, listed, and handed on when it is rotated", async () => {
  const user = ["--user", "ada@example.com"];
  const limits = ["--calls-per-second", "50", "--max-concurrent-calls", "0"];
  const made: Listed = JSON.parse(await keys("create", ...user, "--new-user", ...limits, "--json"));
  const plain: Listed = JSON.parse(await keys("create", ...user, "--json"));
  const rotated: Listed = JSON.parse(await keys("rotate", made.keyId, "--json"));
  const listed: Listed[] = JSON.parse(await keys("list", "--json"));
  assert.deepEqual(
    [made, plain, rotated].map(({ keyId }) => {
      const { callsPerSecond, maxConcurrentCalls } = listed.find((one) => one.keyId === keyId) ?? {};
      return [callsPerSecond, maxConcurrentCalls];
    }),
    [
      [50, 0],
      [undefined, undefined],
      [50, 0],
    ],
  );
  const table = await keys("list");
  assert.match(table, /CALLS\/S +OPEN CALLS/);
  assert.match(table, new RegExp(`^${rotated.keyId} .* 50 +0 *$`, "m"));
  assert.match(table, new RegExp(`^${plain.keyId} .* - +- *$`, "m"));
});

it("a user that is not there is told with the flag that makes it", async () => {
  const args = ["keys", "create", "--user", "nobody@example.com"];
  const { code, stdout, stderr } = await runCommand(args, { cwd });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /error: there is no user nobody@example\.com; --new-user makes it first\n$/);
});

for (const [flag, value] of [
  ["--calls-per-second", "-1"],
  ["--calls-per-second", "1.5"],
  ["--calls-per-second", "2147483648"],
  ["--max-concurrent-calls", "many"],
] as const)
  it(`${flag} ${value} is refused with the range`, async () => {
    const outcome = await runCommand(["keys", "create", "--user", "a", `${flag}=${value}`], { cwd });
    assert.deepEqual([outcome.code, outcome.stdout], [2, ""]);
    assert.match(outcome.stderr, new RegExp(`${flag}.*0 to 2147483647`));
  });

it("the list names who a key is for, and tells a key that works from this machine alone", async () => {
  const folder = makeFolder();
  const run = async (...args: string[]) => runCommand(["keys", ...args], { cwd: folder });
  const made = await run(
    "create",
    "--user",
    "eve@example.com",
    "--new-user",
    "--scope",
    "users.read",
    "--json",
  );
  assert.deepEqual([made.code, made.stderr], [0, ""]);
  const { keyId, subject, subjectName, loopbackOnly } = JSON.parse(made.stdout);
  assert.deepEqual([subjectName, loopbackOnly], ["eve@example.com", false]);
  const [listed] = JSON.parse((await run("list", "--json")).stdout);
  assert.deepEqual([listed.keyId, listed.subject, listed.subjectName], [keyId, subject, "eve@example.com"]);
  assert.match((await run("list")).stdout, new RegExp(`^${keyId} +active +eve@example.com `, "m"));
});

it("a script is told of a scope that no method asks for, and has its key; --yes says nothing", async () => {
  const folder = makeFolder();
  const run = async (...args: string[]) => runCommand(["keys", "create", "--user", ...args], { cwd: folder });
  const odd = await run("eve@example.com", "--new-user", "--scope", "users.raed", "--json");
  assert.deepEqual(
    [odd.code, odd.stderr],
    [0, "No method asks for the scope users.raed; did you mean users.read?\n"],
  );
  const none = await run("eve@example.com", "--json");
  assert.match(none.stderr, /^The key has no scope, .* There are chat, events\.read, .*; \* is all\.\n$/);
  for (const flag of ["--yes", "-y", "--force"]) {
    const silent = await run("eve@example.com", "--scope", "users.raed", "--json", flag);
    assert.deepEqual([silent.code, silent.stderr], [0, ""]);
  }
});

it("a key whose row cannot be read is listed with what is wrong, beside the others, and can be revoked", async () => {
  const folder = makeFolder();
  const run = async (...args: string[]) => {
    const { stdout, stderr, code } = await runCommand(["keys", ...args], { cwd: folder });
    return [code, stdout, stderr] as const;
  };
  await run("create", "--user", "eve@example.com", "--new-user", "--scope", "users.read");
  const client = new Database(join(folder, "data/runrpc.sqlite"));
  client.exec(`INSERT INTO keys SELECT 'rr_edited' AS key_id, hash, subject, label, 'users.read' AS scopes, create_time + 1 AS create_time,
    expire_time, revoke_time, last_use_time, use_count, calls_per_second, max_concurrent_calls, loopback_only FROM keys`);
  client.close();

  const [listed, json, complaints] = await run("list", "--json");
  assert.deepEqual([listed, complaints], [0, ""]);
  assert.deepEqual(
    JSON.parse(json).map(({ scopes, fault }: { scopes: string[]; fault?: string }) => [scopes, fault]),
    [
      [["users.read"], undefined],
      [[], "scopes is no list of texts"],
    ],
  );
  const [, table] = await run("list");
  assert.match(table, /^rr_\S{8} +active +eve@example\.com /m);
  assert.match(table, /^rr_edited +cannot be read: scopes is no list of texts +eve@example\.com /m);
  assert.deepEqual(await run("rotate", "rr_edited"), [
    1,
    "",
    "error: the scopes of the key rr_edited cannot be read: make another key, and revoke this one\n",
  ]);
  assert.deepEqual(await run("revoke", "rr_edited"), [0, "revoked rr_edited\n", ""]);
});
