import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import { type Check, type Examination, migrationsCheck } from "../examination.ts";
import { compareMigrations } from "./migration-journal.ts";
import { serversOf } from "./serving-lock.ts";
import { besideAdvice, serverText } from "./serving-news.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";
import type { TaskSetup } from "./task.ts";

const mebibyte = 1024 * 1024;

/** A log (WAL) that is larger than this is held by a reader, or was left by a process that was killed. */
const muchWalBytes = 128 * mebibyte;

/** With less than this a server fails within minutes. */
const fewFreeBytes = 64 * mebibyte;

/** Kinds of filesystems by the number that Linux gives them (statfs(2)). */
const networkKinds: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9p"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x65735546, "FUSE"],
  [0x786f4256, "VirtualBox shared folder"],
  [0x47504653, "GPFS"],
  [0x0bd00bd0, "Lustre"],
]);
const passingKinds: ReadonlyMap<number, string> = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x794c7630, "overlayfs"],
]);

/** Looks a database over, without changing it, and closes it. Each check stands alone: one that throws has failed. */
export function examine(setup: TaskSetup, allowNewer: boolean, client: Database): Examination {
  const { file, migrations } = setup;
  const checks: Check[] = [];
  const look = (name: string, run: () => Omit<Check, "name">): void => {
    try {
      checks.push({ name, ...run() });
    } catch (error) {
      checks.push({ name, state: "failed", text: dataErrorFromThrown(error).message });
    }
  };
  const version = String(client.prepare("SELECT sqlite_version()").pluck().get());
  try {
    look("file", () => fileCheck(client, file));
    look("modes", () => modesCheck(file));
    look("filesystem", () => filesystemCheck(file));
    look("free disk", () => freeCheck(file));
    look("log (WAL)", () => walCheck(file));
    look("server", () => serverCheck(file));
    look("integrity", () => integrityCheck(client));
    look("foreign keys", () => foreignKeyCheck(client));
    look("migrations", () => migrationsCheck(compareMigrations(client, migrations), allowNewer));
  } finally {
    client.close();
  }
  return { kind: "sqlite", version, checks };
}

function fileCheck(client: Database, file: string): Omit<Check, "name"> {
  const { size } = statSync(file);
  const mode = String(client.pragma("journal_mode", { simple: true }));
  return { state: "ok", text: `${file}, ${inMebibytes(size)}, journal mode ${mode}` };
}

function modesCheck(file: string): Omit<Check, "name"> {
  const paths = [dirname(file), file, `${file}-wal`, `${file}-shm`].filter((path) => existsSync(path));
  const modeOf = (path: string): number => statSync(path).mode;
  const text = paths
    .map((path) => `${path} ${(modeOf(path) & 0o7777).toString(8).padStart(4, "0")}`)
    .join(", ");
  // In a folder with the sticky bit, such as /tmp, others cannot remove what is not theirs.
  const isOpen = paths.some((path) => (modeOf(path) & 0o002) !== 0 && (modeOf(path) & 0o1000) === 0);
  if (isOpen) return { state: "failed", text: `everybody on this machine can write: ${text}` };
  const isReadable = paths.slice(1).some((path) => (modeOf(path) & 0o004) !== 0);
  if (isReadable && (modeOf(dirname(file)) & 0o001) !== 0)
    return { state: "warning", text: `everybody on this machine can read it (chmod 600): ${text}` };
  return { state: "ok", text };
}

function filesystemCheck(file: string): Omit<Check, "name"> {
  const { type } = statfsSync(dirname(file));
  const number = type >>> 0;
  const network = networkKinds.get(number);
  if (network !== undefined)
    return {
      state: "failed",
      text: `${network}: the log needs memory that processes share, and locks that hold, which it does not give`,
    };
  const passing = passingKinds.get(number);
  if (passing !== undefined)
    return { state: "warning", text: `${passing}: what is in it goes with the machine or the container` };
  return { state: "ok", text: `kind 0x${number.toString(16)}` };
}

function freeCheck(file: string): Omit<Check, "name"> {
  const { bavail, bsize } = statfsSync(dirname(file));
  const free = bavail * bsize;
  const text = `${inMebibytes(free)} free`;
  if (free < fewFreeBytes) return { state: "failed", text };
  const size = statSync(file).size;
  if (free < size) return { state: "warning", text: `${text}, less than the database itself takes` };
  return { state: "ok", text };
}

function walCheck(file: string): Omit<Check, "name"> {
  const size = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= muchWalBytes) return { state: "ok", text: inMebibytes(size) };
  return { state: "warning", text: `${inMebibytes(size)}: a long read holds it, or its server was killed` };
}

function serverCheck(file: string): Omit<Check, "name"> {
  try {
    const servers = serversOf(file).map(serverText);
    if (servers.length > 1) return { state: "warning", text: `${servers.join("; ")}: ${besideAdvice}` };
    return { state: "ok", text: servers[0] ?? "none has it open" };
  } catch (error) {
    return { state: "warning", text: `cannot be seen: ${dataErrorFromThrown(error).message}` };
  }
}

function integrityCheck(client: Database): Omit<Check, "name"> {
  const rows = client.pragma("integrity_check(10)") as { integrity_check: string }[]; // As SQLite names it.
  const texts = rows.map((row) => row.integrity_check);
  if (texts.length === 1 && texts[0] === "ok") return { state: "ok", text: "ok" };
  return { state: "failed", text: texts.join("; ") };
}

function foreignKeyCheck(client: Database): Omit<Check, "name"> {
  const rows = client.pragma("foreign_key_check") as { table: string; parent: string }[]; // As SQLite names them.
  const [first] = rows;
  if (first === undefined) return { state: "ok", text: "ok" };
  return {
    state: "failed",
    text: `${rows.length} rows refer to what does not exist, first in ${first.table} to ${first.parent}`,
  };
}

function inMebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`;
}
