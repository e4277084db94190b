import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

/** A way to leave a database no room on its disk. */
interface Way {
  readonly name: string;
  readonly code: string;
  /** The folder for the database; undefined where this way is not allowed. */
  prepare(t: TestContext): Promise<string | undefined>;
  fill(server: ServeProcess): void;
  empty(server: ServeProcess): void;
}

const ways: readonly Way[] = [
  {
    name: "a small disk that is full",
    code: "resource_exhausted",
    async prepare(t) {
      const folder = mkdtempSync(join(tmpdir(), "runrpc-disk-"));
      try {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "ignore" });
      } catch {
        rmdirSync(folder);
        return undefined;
      }
      t.after(() => {
        execFileSync("umount", ["--lazy", folder]);
        rmdirSync(folder);
      });
      return folder;
    },
    fill: ({ file }) => writeUntilFull(`${file}.ballast`),
    empty: ({ file }) => rmSync(`${file}.ballast`),
  },
  {
    name: "a limit on the size of files",
    code: "unavailable",
    prepare: makeFolder,
    fill: ({ child, file }) => limitFiles(child.pid, String(statSync(`${file}-wal`).size)),
    empty: ({ child }) => limitFiles(child.pid, "unlimited"),
  },
];

function writeUntilFull(file: string): void {
  const handle = openSync(file, "w");
  try {
    for (const size of [65_536, 4_096, 1]) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(size));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC"); // As write(2) says it.
      }
    }
  } finally {
    closeSync(handle);
  }
}

function limitFiles(pid: number | undefined, bytes: string): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

const tries = ways.flatMap((way) => ["1", "2"].map((workers) => ({ ...way, workers })));

for (const { name, code, workers, prepare, fill, empty } of tries) {
  test(`${name}, workers ${workers}: calls, /readyz and the log say so, reads go on, and all is well again by itself`, async (t) => {
    const folder = await prepare(t);
    if (folder === undefined) return t.skip("mounting is not allowed here");
    const server = await serve(folder, "--workers", workers, "--log-level", "info", "--log-format", "json");
    t.after(() => server.child.kill("SIGKILL"));
    const call = async (method: string, request: object) => {
      const response = await fetch(`${server.url}/rig.users.v1.UserService/${method}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": server.key },
        body: JSON.stringify(request),
      });
      const { code: found = "ok" } = (await response.json()) as { code?: string };
      return found;
    };
    const create = () => call("CreateUser", { email: `${randomUUID()}@example.com`, displayName: "Ada" });
    const ready = async () => (await fetch(`${server.url}/readyz`)).status;
    const readyIs = async (status: number) => {
      const since = performance.now();
      while ((await ready()) !== status)
        assert.ok(performance.now() - since < 20_000, `/readyz is not ${status}`);
    };

    assert.deepEqual([await create(), await ready()], ["ok", 200]);
    fill(server);
    assert.equal(await create(), code);
    await readyIs(503);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    assert.equal(await call("ListUsers", {}), "ok");
    empty(server);
    await readyIs(200);
    assert.equal(await create(), "ok");
    assert.equal(await server.stop(), 0);
    // The log has been flushed.
    assert.match(server.output(), /the database cannot be written.*the database is written again/s);
  });
}

test("a database that is removed under the server makes /readyz 503, and is not written into nothing", async (t) => {
  const server = await serve(await makeFolder(t), "--log-level", "error", "--log-format", "json");
  t.after(() => server.child.kill("SIGKILL"));
  for (const end of ["", "-wal", "-shm"]) rmSync(`${server.file}${end}`);
  const since = performance.now();
  const ready = async () => (await fetch(`${server.url}/readyz`)).status;
  while ((await ready()) !== 503) assert.ok(performance.now() - since < 20_000);
  const response = await fetch(`${server.url}/rig.users.v1.UserService/CreateUser`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": server.key },
    body: JSON.stringify({ email: "ada@example.com", displayName: "Ada" }),
  });
  const { code, message } = (await response.json()) as { code: string; message: string };
  assert.equal(code, "unavailable");
  assert.ok(!message.includes(server.file), message);
  await server.stop();
  assert.match(server.output(), /was removed while it was open/);
});
