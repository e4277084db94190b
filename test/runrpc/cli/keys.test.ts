import assert from "node:assert/strict";
import { it } from "node:test";
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
