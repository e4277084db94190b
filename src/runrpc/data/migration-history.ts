import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "./data-error.ts";
import type { ResolvedMigrationSet } from "./migrations.ts";

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

/** A row of that table. */
export interface AppliedMigration {
  readonly name: string;
  readonly hash: string;
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
export function readHistories(sets: readonly ResolvedMigrationSet[]): readonly History[] {
  return sets.map(({ journal, folder }) => ({ journal, migrations: readMigrations(folder) }));
}

/** Compares a history with what was applied, which is in the order of its names. */
export function differenceOf(
  { migrations }: History,
  applied: readonly AppliedMigration[],
): MigrationsDifference {
  const hashes = new Map(applied.map(({ name, hash }) => [name, hash]));
  const known = new Set(migrations.map(({ name }) => name));
  return {
    present: applied.map(({ name }) => name),
    pending: [...known].filter((name) => !hashes.has(name)),
    newer: applied.map(({ name }) => name).filter((name) => !known.has(name)),
    edited: migrations
      .filter(({ name, hash }) => (hashes.get(name) ?? hash) !== hash)
      .map(({ name }) => name),
  };
}

/** The differences of all histories of a store as one. */
export function joinDifferences(differences: readonly MigrationsDifference[]): MigrationsDifference {
  const all = (name: keyof MigrationsDifference) => differences.flatMap((difference) => difference[name]);
  return { present: all("present"), pending: all("pending"), newer: all("newer"), edited: all("edited") };
}

/**
 * Why a database with this difference is not served, as the end of a sentence that begins with its name; undefined when it
 * is: it is newer than the code (unless `allowNewer`), a migration was edited, or one is older than the last applied one.
 */
export function refusalOf(
  history: History,
  { present, pending, newer, edited }: MigrationsDifference,
  allowNewer: boolean,
): string | undefined {
  // One that is unknown and yet older than what the code knows comes from another line of development.
  const lastKnown = history.migrations.at(-1)?.name ?? "";
  const areLater = newer.every((name) => name > lastKnown);
  if (newer.length > 0 && !(allowNewer && areLater)) {
    const way = areLater ? "; if you know that it only adds, it can be served with database.allow_newer" : "";
    return `has the migration ${listed(newer)}, which this code does not know: it is newer than the code. Update the code, or use another database${way}`;
  }
  const [name] = edited;
  if (name !== undefined)
    return `was made with another text of the migration ${name}: restore the file, and put the change into a migration of its own`;
  const last = present.findLast((applied) => !newer.includes(applied));
  const late = pending.find((candidate) => last !== undefined && candidate < last);
  if (late === undefined) return undefined;
  return `already has ${last}, which comes after the migration ${late}: generate ${late} again, so that it comes last`;
}

/** The first few of many names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
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
