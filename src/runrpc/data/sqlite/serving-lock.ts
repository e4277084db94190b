import { accessSync, constants, existsSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import Client from "better-sqlite3";
import { identityOf } from "./file-watch.ts";
import { makeFile } from "./make-file.ts";
import type { FileServer, ServingNews } from "./serving-news.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";

/** Between two tries while another process has the lock, in milliseconds: no lock of a file tells when it becomes free. */
const retryAfterMs = 5_000;

/** How long a start waits for those who only look who has the lock, in milliseconds. */
const waitForLookersMs = 200;

/** Something that ends with whoever holds it. */
interface Lock {
  release(): void;
}

/** The serving lock of a file, and that of a second server, which is there to be told. */
function lockFilesOf(file: string): readonly [string, string] {
  return [`${file}-server`, `${file}-server-2`];
}

/**
 * Holds a file's serving lock, or tries again and again to get it while another process has it. It is SQLite's RESERVED lock
 * (https://sqlite.org/lockingv3.html) of a small database beside the file: the system takes it back whatever ends the process, it
 * counts between containers that share a folder, and others can read meanwhile who has it. It prevents nothing: one server that
 * takes the place of another is there before that has drained. A second one holds the same lock of another file, for `serversOf`.
 *
 * @param tell is called at once where another process has the lock, and later when that has ended
 */
export function holdServingLock(file: string, tell: (news: ServingNews) => void): Lock {
  const [own, second] = lockFilesOf(file);
  let lock: Lock | undefined;
  let besides: Lock | undefined;
  let told: ServingNews["kind"] = "alone";
  let timer: NodeJS.Timeout | undefined;

  function tellOnce(news: ServingNews): void {
    if (news.kind !== told) tell(news);
    told = news.kind;
  }

  function look(waitMs: number): void {
    try {
      lock = takeLock(own, waitMs);
      if (lock === undefined) {
        tellOnce({ kind: "beside", other: holderOf(own) });
        besides ??= takeLock(second, 0);
      } else {
        besides?.release();
        besides = undefined;
        tellOnce({ kind: "alone" });
      }
    } catch (error) {
      tellOnce({ kind: "unseen", why: dataErrorFromThrown(error).message });
    }
    if (lock === undefined) timer = setTimeout(look, retryAfterMs, 0).unref();
  }

  look(waitForLookersMs);
  return {
    release() {
      clearTimeout(timer);
      lock?.release();
      besides?.release();
    },
  };
}

/**
 * The processes that serve a file at this moment, two at most: undefined stands for one that cannot be read. Throws for a lock that this
 * user may not look at.
 */
export function serversOf(file: string): readonly (FileServer | undefined)[] {
  return lockFilesOf(file)
    .filter((path) => existsSync(path) && isHeld(path))
    .map(holderOf);
}

/** Undefined where another has it. */
function takeLock(path: string, waitMs: number): Lock | undefined {
  makeFile(path);
  const identity = identityOf(path);
  const client = new Client(path, { timeout: waitMs });
  try {
    client.exec("PRAGMA synchronous = OFF; BEGIN IMMEDIATE");
    client.exec("CREATE TABLE IF NOT EXISTS server (pid, host, since); DELETE FROM server");
    client
      .prepare("INSERT INTO server VALUES (?, ?, ?)")
      .run(process.pid, hostname(), new Date().toISOString());
    client.exec("COMMIT; BEGIN IMMEDIATE");
  } catch (error) {
    client.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  if (identityOf(path) === identity) return { release };
  // Whoever had it has removed the file since it was opened here.
  client.close();
  return takeLock(path, waitMs);

  function release(): void {
    try {
      // While nobody else can have it. What has another identity is another one's.
      if (identityOf(path) === identity) rmSync(path, { force: true });
    } catch {
      // The next one takes it as it is.
    }
    client.close();
  }
}

function isHeld(path: string): boolean {
  // On a connection that cannot write, SQLite begins a transaction that reads.
  accessSync(path, constants.W_OK);
  const client = new Client(path, { fileMustExist: true, timeout: 0 });
  try {
    client.exec("BEGIN IMMEDIATE");
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    client.close();
  }
}

function holderOf(path: string): FileServer | undefined {
  try {
    const client = new Client(path, { readonly: true, fileMustExist: true, timeout: waitForLookersMs });
    try {
      return client.prepare("SELECT pid, host, since FROM server").get() as FileServer | undefined; // as `takeLock` writes it
    } finally {
      client.close();
    }
  } catch {
    return undefined;
  }
}

function isBusy(error: unknown): boolean {
  return dataErrorFromThrown(error).code === "aborted";
}
