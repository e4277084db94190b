import type pg from "pg";
import { DataError } from "../data-error.ts";
import {
  type History,
  type Migration,
  type MigrationsDifference,
  readHistories,
  refusalOf,
} from "../migration-history.ts";
import type { MigrationsReport, ResolvedMigrationSet } from "../migrations.ts";
import { checkServer } from "./check-server.ts";
import { compareHistory, hasTable } from "./migration-journal.ts";
import { dataErrorFromThrown } from "./postgres-error.ts";

/** What the lock of the migrations is taken by: any number that nobody else takes. */
const lockKey = "hashtextextended('runrpc migrations', 0)";

/**
 * Brings a database up to the migrations that drizzle-kit wrote into the folders, as `sqlite/apply-migrations.ts` does:
 * folder by folder, in order, once each, each in a transaction of its own that also records its name and hash in the folder's
 * journal. An advisory lock of the server has those who race wait for each other. `name` is that of the database.
 *
 * Throws a `failed_precondition` {@link DataError}, and changes nothing more, on a database that does not fit.
 */
export async function applyMigrations(
  client: pg.Client,
  name: string,
  sets: readonly ResolvedMigrationSet[],
  allowNewer: boolean,
): Promise<MigrationsReport> {
  const histories = readHistories(sets);
  await checkServer(client, name);
  // It goes with the session, whatever becomes of this process.
  await client.query(`SELECT pg_advisory_lock(${lockKey})`);
  const created = await makeJournals(client, histories);
  // All are checked before one is applied: what is refused is refused whole.
  const checked: MigrationsDifference[] = [];
  for (const history of histories) checked.push(await check(client, name, history, allowNewer));
  const applied: string[] = [];
  for (const [index, history] of histories.entries()) {
    const pending = new Set(checked[index]?.pending);
    for (const migration of history.migrations) {
      if (!pending.has(migration.name)) continue;
      await applyOne(client, name, history, migration);
      applied.push(migration.name);
    }
  }
  const newer = checked.flatMap((difference) => difference.newer);
  const present = checked.flatMap((difference) => difference.present);
  return { created, applied, present, ...(newer.length === 0 ? {} : { newer }) };
}

/** True when none was there: the database was made just now. */
async function makeJournals(client: pg.Client, histories: readonly History[]): Promise<boolean> {
  let missing = 0;
  for (const { journal } of histories) {
    if (await hasTable(client, journal)) continue;
    missing += 1;
    await client.query(
      `CREATE TABLE ${journal} (name text COLLATE "C" PRIMARY KEY, hash text NOT NULL, applied_at text NOT NULL)`,
    );
  }
  return missing === histories.length;
}

async function check(
  client: pg.Client,
  name: string,
  history: History,
  allowNewer: boolean,
): Promise<MigrationsDifference> {
  const difference = await compareHistory(client, history);
  const sentence = refusalOf(history, difference, allowNewer);
  if (sentence !== undefined) throw refusal(name, sentence);
  return difference;
}

async function applyOne(
  client: pg.Client,
  name: string,
  history: History,
  migration: Migration,
): Promise<void> {
  await client.query("BEGIN");
  try {
    for (const statement of migration.statements) await client.query(statement);
    await client.query(`INSERT INTO ${history.journal} (name, hash, applied_at) VALUES ($1, $2, $3)`, [
      migration.name,
      migration.hash,
      new Date().toISOString(),
    ]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    const { code, message } = dataErrorFromThrown(error);
    const sentence = `the database ${name} cannot take the migration ${migration.name}: ${message}`;
    throw new DataError(code === "unavailable" ? code : "failed_precondition", sentence, { cause: error });
  }
}

function refusal(name: string, sentence: string): DataError {
  return new DataError("failed_precondition", `the database ${name} ${sentence}`);
}
