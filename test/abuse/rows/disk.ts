import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import Database from "better-sqlite3";
import { within } from "../arena.ts";
import { type Answer, createClient } from "../post.ts";
import type { Arena, Row } from "../row.ts";
import type { Subject } from "../subject.ts";

const ANY_LINE = /./;

/** A file that others hold, that has no room, or that is damaged: calls are answered, and go on when it is well again. */
export const disk: Row = {
  name: "disk",
  isOfNoLane: true,
  async attack(arena) {
    for (let round = 0; round < arena.rounds(3, 1); round++) {
      await heldByWriter(arena);
      await heldByReader(arena);
      await full(arena);
      await damaged(arena);
    }
  },
};

async function heldByWriter(arena: Arena): Promise<void> {
  const server = await arena.serve({ mayLog: ANY_LINE });
  const other = new Database(server.file);
  other.exec("BEGIN IMMEDIATE");
  const write = upload(server, "while another process holds the lock");
  await arena.attempt("a read while another process holds the lock", async () =>
    assert.equal((await list(server)).code, "ok"),
  );
  other.exec("ROLLBACK");
  other.close();
  await arena.attempt("a write that waited for the lock", async () =>
    assert.match((await write).code, /^(ok|aborted|unavailable)$/),
  );
  await arena.attempt("a write after the lock", async () =>
    assert.equal((await upload(server, "after")).code, "ok"),
  );
}

async function heldByReader(arena: Arena): Promise<void> {
  const server = await arena.serve();
  const other = new Database(server.file, { readonly: true });
  other.exec("BEGIN");
  other.prepare("SELECT count(*) FROM users").get();
  for (let count = 0; count < 20; count++) {
    await arena.attempt("a write beside a held reader", async () => {
      assert.equal((await upload(server, "x".repeat(50_000), 10)).code, "ok");
    });
  }
  other.exec("COMMIT");
  other.close();
  await arena.attempt("the log of the database after the reader has gone", async () => {
    for (let count = 0; count < 20; count++) await upload(server, "x".repeat(50_000), 10);
    const bytes = statSync(`${server.file}-wal`).size;
    assert.ok(bytes < 100e6, `a WAL of ${bytes} bytes`);
  });
}

/** A limit on the size of files (setrlimit(2), RLIMIT_FSIZE), which writes meet as they meet a full disk. */
async function full(arena: Arena): Promise<void> {
  if (!existsSync("/usr/bin/prlimit")) return;
  const server = await arena.serve({ mayLog: ANY_LINE });
  const limit = (bytes: string): void => {
    execFileSync("/usr/bin/prlimit", ["--pid", `${server.child.pid}`, `--fsize=${bytes}:unlimited`]);
  };
  limit(`${statSync(`${server.file}-wal`).size + 4_096}`);
  await arena.attempt("a write without room", async () => {
    const { code } = await upload(server, "x".repeat(50_000), 20);
    assert.match(code, /^(resource_exhausted|unavailable|unknown)$/);
  });
  await arena.attempt("a read without room", async () => assert.equal((await list(server)).code, "ok"));
  limit("unlimited");
  await arena.attempt("a write when there is room again", async () => {
    const answer = await within(20_000, async () => {
      for (;;) {
        const tried = await upload(server, "again");
        if (tried.code === "ok") return tried;
      }
    });
    assert.equal(answer.code, "ok");
  });
}

/** Rubbish over pages of the file: what meets them is `data_loss`, at once, and the process serves the rest. */
async function damaged(arena: Arena): Promise<void> {
  const server = await arena.serve({ witnessMs: false });
  for (let count = 0; count < 10; count++) await upload(server, "x".repeat(4_000), 100);
  const other = new Database(server.file);
  other.pragma("wal_checkpoint(TRUNCATE)");
  const { rootpage } = other.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'logs'").get() as {
    rootpage: number;
  }; // as SQLite names it
  const size = other.pragma("page_size", { simple: true }) as number; // as SQLite gives it
  other.close();
  const file = await open(server.file, "r+");
  await file.write(Buffer.alloc(size, 0xa5), 0, size, (rootpage - 1) * size);
  await file.close();
  const { exitCode } = server.child;
  for (let count = 0; count < 20; count++) {
    await arena.attempt("a read of what is damaged", async () => {
      const answer = await within(5_000, () =>
        call(server, "/rig.logs.v1.LogService/ListLogs", "application/json", { pageSize: 50 }),
      );
      assert.match(answer.code, /^(data_loss|ok)$/); // what a thread has in its cache is well
    });
    await arena.attempt("a read beside it", async () => assert.equal((await list(server)).code, "ok"));
  }
  await arena.attempt("the process", () => assert.equal(exitCode, null));
}

function list(server: Subject): Promise<Answer> {
  return call(server, "/rig.users.v1.UserService/ListUsers", "application/json", {});
}

function upload(server: Subject, message: string, lines = 1): Promise<Answer> {
  const entries = Array.from({ length: lines }, () => ({ message }));
  return call(server, "/rig.logs.v1.LogService/UploadLogs", "application/connect+json", { entries });
}

async function call({ port, key }: Subject, path: string, type: string, json: object): Promise<Answer> {
  const client = createClient(port, "2");
  const text = Buffer.from(JSON.stringify(json));
  const head = Buffer.alloc(type.includes("connect") ? 5 : 0);
  if (head.length > 0) head.writeUInt32BE(text.length, 1);
  const answer = await client.post({
    path,
    headers: { "content-type": type, "x-api-key": key },
    body: Buffer.concat([head, text]),
  });
  client.close();
  return answer;
}
