import type { Database } from "better-sqlite3";
import {
  type AppliedMigration,
  differenceOf,
  type History,
  joinDifferences,
  type MigrationsDifference,
  readHistories,
} from "../migration-history.ts";
import type { ResolvedMigrationSet } from "../migrations.ts";

/** Compares a database with a history, without changing anything. */
export function compareHistory(client: Database, history: History): MigrationsDifference {
  const { journal } = history;
  return differenceOf(history, hasTable(client, journal) ? appliedTo(client, journal) : []);
}

/** Compares every folder of a store. Throws for a folder that does not exist. */
export function compareMigrations(
  client: Database,
  sets: readonly ResolvedMigrationSet[],
): MigrationsDifference {
  return joinDifferences(readHistories(sets).map((history) => compareHistory(client, history)));
}

/** Whether a database has a table of this name. */
export function hasTable(client: Database, name: string): boolean {
  return client.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== undefined;
}

function appliedTo(client: Database, journal: string): AppliedMigration[] {
  const rows = client.prepare(`SELECT name, hash FROM ${journal} ORDER BY name`).all();
  return rows as AppliedMigration[]; // Our own table: better-sqlite3 cannot know its columns.
}
