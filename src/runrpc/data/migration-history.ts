import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { DataError } from "./data-error.ts";
import type { WorkerSetup } from "./thread-protocol.ts";

/** One migration, as drizzle-kit wrote it. */
export interface Migration {
  readonly name: string;
  readonly hash: string;
  readonly statements: readonly string[];
}

/** The migrations of one folder, by age, and the table that says which of them a database has. */
export interface History {
  readonly journal: string;
  readonly migrations: readonly Migration[];
}

/** How the migrations of a database and those of the code differ. */
export interface MigrationsDifference {
  readonly present: readonly string[];
  /** Known to the code and not applied. */
  readonly pending: readonly string[];
  /** Applied and not known to the code. */
  readonly newer: readonly string[];
  /** Applied with another text than the code has. */
  readonly edited: readonly string[];
}

/** Reads the folders. Throws for one that does not exist. */
export function readHistories(sets: WorkerSetup["migrations"]): readonly History[] {
  return sets.map(({ journal, folder }) => ({ journal, migrations: readMigrations(folder) }));
}

/** Compares without changing anything. */
export function compareHistory(client: Database, { journal, migrations }: History): MigrationsDifference {
  const rows = hasTable(client, journal) ? appliedTo(client, journal) : [];
  const hashes = new Map(rows.map(({ name, hash }) => [name, hash]));
  const known = new Set(migrations.map(({ name }) => name));
  return {
    present: rows.map(({ name }) => name),
    pending: [...known].filter((name) => !hashes.has(name)),
    newer: rows.map(({ name }) => name).filter((name) => !known.has(name)),
    edited: migrations
      .filter(({ name, hash }) => (hashes.get(name) ?? hash) !== hash)
      .map(({ name }) => name),
  };
}

/** Compares every folder of a store. Throws for a folder that does not exist. */
export function compareMigrations(client: Database, sets: WorkerSetup["migrations"]): MigrationsDifference {
  const found = readHistories(sets).map((history) => compareHistory(client, history));
  const all = (name: keyof MigrationsDifference) => found.flatMap((difference) => difference[name]);
  return { present: all("present"), pending: all("pending"), newer: all("newer"), edited: all("edited") };
}

/** Whether a database has a table of this name. */
export function hasTable(client: Database, name: string): boolean {
  return client.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== undefined;
}

function appliedTo(client: Database, journal: string): { readonly name: string; readonly hash: string }[] {
  const rows = client.prepare(`SELECT name, hash FROM ${journal} ORDER BY name`).all();
  return rows as { name: string; hash: string }[]; // Our own table: better-sqlite3 cannot know its columns.
}

function readMigrations(folder: string): Migration[] {
  if (!existsSync(folder)) {
    throw new DataError("failed_precondition", `the migrations folder ${folder} does not exist`);
  }
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "migration.sql")))
    .sort()
    .map((name) => {
      // A checkout that turns line ends into CRLF has not edited the migration.
      const sql = readFileSync(join(folder, name, "migration.sql"), "utf8").replaceAll("\r\n", "\n");
      const statements = sql.split("--> statement-breakpoint").filter((statement) => statement.trim() !== "");
      return { name, hash: createHash("sha256").update(sql).digest("hex"), statements };
    });
}
