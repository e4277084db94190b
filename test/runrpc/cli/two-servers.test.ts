// Several servers on one SQLite file, by processes of the command: who is told of whom, and what is left when they are killed.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "../../app/project.ts";
import { kill, startWorkers, untilGone } from "../workers/start-workers.ts";
import { runCommand } from "./run-command.ts";

test("a second server of a file says who has it, doctor names both, and a kill leaves nothing that needs hands", async () => {
  const folder = makeFolder();
  const flags = ["--database", join(folder, "db.sqlite")];
  const one = ["--workers", "1", ...flags];

  async function servers(): Promise<unknown> {
    const { code, stdout } = await runCommand(["doctor", "--json", ...flags]);
    assert.equal(code, 0, stdout);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; text: string }[] };
    const { state, text } = checks.find(({ name }) => name === "server") ?? assert.fail(stdout);
    return { state, processes: text.match(/(?<=process )\d+(?= on )/g)?.map(Number) };
  }
  const isTold = ({ msg }: { readonly msg: string }) => msg.startsWith("another server has the database ");
  const isAlone = ({ msg }: { readonly msg: string }) => msg.startsWith("the other server has ended");

  const first = await startWorkers(one);
  const keys = await runCommand(["keys", "list", ...flags]);
  assert.deepEqual([keys.code, keys.stderr], [0, ""]);
  const second = await startWorkers(flags);
  const [told] = await second.until("it is told of the first", isTold);
  assert.ok(told?.msg.includes(`process ${first.primary} on ${hostname()}, since `), told?.msg);
  assert.deepEqual(await servers(), { state: "warning", processes: [first.primary, second.primary] });

  kill(first.primary);
  await second.until("it has the file alone", isAlone);
  assert.deepEqual(first.lines.filter(isTold), []);
  const workers = second.pids();
  kill(second.primary);
  await untilGone([second.primary, ...workers]);
  const third = await startWorkers(one);
  assert.deepEqual(await servers(), { state: "ok", processes: [third.primary] });
  third.signal("SIGTERM");
  assert.deepEqual(await third.ended, [0, null]);
  assert.deepEqual(third.lines.filter(isTold), []);
  assert.deepEqual(readdirSync(folder), ["db.sqlite"]);
});
