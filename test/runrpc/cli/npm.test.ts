import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");

/** A script of package.json, in a process group of its own, once its server has said where it listens. */
async function run(script: string) {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-npm-"));
  const env = {
    ...process.env,
    RUNRPC_HOST: "127.0.0.1",
    RUNRPC_PORT: "0",
    RUNRPC_DATABASE: join(folder, "db.sqlite"),
  };
  const npm = spawn("npm", ["run", script], { cwd: root, env, detached: true });
  const pid = npm.pid ?? assert.fail("npm does not start");
  let output = "";
  const listens = Promise.withResolvers<string>();
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const url = /listens on (\S+)\n/.exec(output)?.[1];
      if (url !== undefined) listens.resolve(url);
    });
  }
  const exit = once(npm, "exit");
  // The streams close when the last process that holds them has ended.
  const allEnded = once(npm, "close");
  void allEnded.then(() => listens.reject(new Error(output)));
  after(async () => {
    if (hasGroup(pid)) process.kill(-pid, "SIGKILL");
    await allEnded;
    await rm(folder, { recursive: true });
  });
  return { npm, pid, url: await listens.promise, exit, allEnded, output: () => output };
}

/** Whether any process of the group lives. */
function hasGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

describe("npm", { skip: process.platform === "win32" }, () => {
  for (const script of ["start", "dev"]) {
    for (const [name, target, signal] of [
      ["SIGTERM to npm", 1, "SIGTERM"],
      ["SIGINT to npm", 1, "SIGINT"],
      ["Ctrl-C, which every process of the group hears,", -1, "SIGINT"],
    ] as const) {
      it(`run ${script}: ${name} drains the server, once, and leaves no process behind`, async () => {
        const { pid, url, exit, allEnded, output } = await run(script);
        process.kill(target * pid, signal);
        assert.deepEqual(await exit, [0, null]);
        await allEnded;
        assert.equal(hasGroup(pid), false);
        assert.equal(output().split(`${signal}: draining`).length, 2, output());
        await assert.rejects(fetch(`${url}/healthz`));
      });
    }
  }

  it("run dev: a closed terminal, which ends npm and the watcher, drains the server", async () => {
    const { pid, allEnded, output } = await run("dev");
    process.kill(-pid, "SIGHUP");
    await allEnded;
    assert.match(output(), /draining/);
  });
});
