import type pg from "pg";
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
export async function compareHistory(client: pg.Client, history: History): Promise<MigrationsDifference> {
  const { journal } = history;
  return differenceOf(history, (await hasTable(client, journal)) ? await appliedTo(client, journal) : []);
}

/** Compares every folder of a store. Throws for a folder that does not exist. */
export async function compareMigrations(
  client: pg.Client,
  sets: readonly ResolvedMigrationSet[],
): Promise<MigrationsDifference> {
  const differences: MigrationsDifference[] = [];
  for (const history of readHistories(sets)) differences.push(await compareHistory(client, history));
  return joinDifferences(differences);
}

/** Whether a database has a table of this name, where its sessions look for tables. */
export async function hasTable(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass($1) IS NOT NULL AS found", [name]);
  return rows[0]?.found === true;
}

async function appliedTo(client: pg.Client, journal: string): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(`SELECT name, hash FROM ${journal} ORDER BY name`);
  return rows;
}
