import assert from "node:assert/strict";
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../../app/project.ts";
import { python } from "../../wire/tools.ts";

const launcher = fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url));
const terminal = fileURLToPath(new URL("./terminal.py", import.meta.url));

/** A server that cannot say where it listens, and so is told. */
async function start(program: string, args: readonly string[], stdio: StdioOptions = "pipe") {
  const cwd = makeFolder();
  const port = await freePort();
  const flags = ["serve", "--host", "127.0.0.1", "--port", `${port}`, "--log-format", "json"];
  const child = spawn(program, [...args, launcher, ...flags], { cwd, stdio });
  const exit = once(child, "close");
  after(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  return { child, exit, url: `http://127.0.0.1:${port}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address !== null && typeof address === "object" ? address.port : assert.fail();
}

/** Waits for a server that has no other way to tell that it is ready. */
async function ready(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.status === 200) return;
  }
  assert.fail(`the server ended with ${child.exitCode}`);
}

/** Each call leaves a line in a log that nobody takes; more than one, as the first failure must not be the last. */
async function goesOn(url: string): Promise<void> {
  for (let call = 0; call < 3; call++) {
    const response = await fetch(`${url}/rig.users.v1.UserService/ListUsers`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(response.status, 401);
    // Lines are gathered for up to 50 ms each: the file of the next second is written after those of the first.
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}

describe("runrpc serve goes on, and drains in the end", () => {
  for (const gone of [["stderr"], ["stdout"], ["stdout", "stderr"]] as const) {
    it(`when whoever reads ${gone.join(" and ")} is gone`, async () => {
      const { child, exit, url } = await start(process.execPath, []);
      assert.ok(child.stdout !== null && child.stderr !== null);
      await once(createInterface({ input: child.stdout }), "line");
      for (const name of gone) child[name]?.destroy();
      child.stdout.resume();
      await goesOn(url);
      child.kill("SIGTERM");
      assert.deepEqual(await exit, [0, null]);
    });
  }

  it("when its log is on a disk that is full", { skip: process.platform !== "linux" }, async () => {
    const full = openSync("/dev/full", "w");
    const { child, exit, url } = await start(process.execPath, [], ["ignore", full, full]);
    await ready(url, child);
    await goesOn(url);
    child.kill("SIGINT");
    assert.deepEqual(await exit, [0, null]);
  });

  it("when its streams are closed at the start", async () => {
    const close = 'exec "$0" "$@" <&- >&- 2>&-';
    const { child, exit, url } = await start("sh", ["-c", close, process.execPath]);
    await ready(url, child);
    await goesOn(url);
    child.kill("SIGTERM");
    assert.deepEqual(await exit, [0, null]);
  });

  const { path, skip } = python();
  it("when its terminal is closed, which sends SIGHUP and takes no more bytes", { skip }, async () => {
    const { child, exit, url } = await start(path, [terminal, process.execPath]);
    assert.ok(child.stdout !== null);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "closed");
    await goesOn(url);
    child.kill("SIGTERM");
    assert.equal((await lines.next()).value, "ended with 0");
    await exit;
  });
});
