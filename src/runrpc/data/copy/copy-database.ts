import { setImmediate as turn } from "node:timers/promises";
import { DataError } from "../data-error.ts";
import { migrateResolved } from "../postgres/migrate.ts";
import { connectionOptions } from "../postgres/open-store.ts";
import { type PostgresOptions, resolvePostgresOptions } from "../postgres/store-options.ts";
import { resolveSqliteOptions, type SqliteOptions } from "../sqlite/store-options.ts";
import type { RowSum } from "./checksum.ts";
import { type MatchedTable, matchTables } from "./match-tables.ts";
import { batchesOf, createExaminer, type ExaminedTable } from "./read-rows.ts";
import { openSource, type Source } from "./source.ts";
import { orderTables } from "./table-order.ts";
import { openTarget, type Target } from "./target.ts";

/** How far a copy is. Each table is examined, then each is written, then each is compared. */
export interface CopyProgress {
  readonly phase: "examine" | "write" | "compare";
  readonly table: string;
  readonly rows: number;
  readonly totalRows: number;
}

export interface CopyOptions {
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Gives up: nothing is kept, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What was copied, table by table in the order of their names, with the checksum that both sides have. */
export interface CopyReport {
  readonly from: string;
  /** Without its password. */
  readonly to: string;
  readonly tables: readonly (RowSum & { readonly name: string })[];
}

/** The greatest size of one message to or from the server: so many rows, and so many characters unless a single row has more. */
const batch = { rows: 1_000, chars: 4 * 1024 * 1024 } as const;

/**
 * Copies all rows of an SQLite file into a database of Postgres that has none: of the application's tables and of the platform's.
 *
 * The file is read in one transaction, so that all rows are of one moment. When somebody writes to it meanwhile, the copy is given
 * up, since those rows would be missing. All is written in one transaction as well: a copy that failed has left nothing, and is
 * begun again. Every value is looked at before the first is written, and every row is read back before the commit.
 *
 * It blocks its thread while it reads the file and compares rows: it is for commands.
 *
 * Throws a DataError that says what to change; nothing was written then.
 */
export async function copyDatabase(
  from: SqliteOptions,
  to: PostgresOptions,
  { onProgress = () => {}, signal }: CopyOptions = {},
): Promise<CopyReport> {
  const { file, migrations, busyTimeoutMs } = resolveSqliteOptions(from);
  const resolved = resolvePostgresOptions(to);
  const source = openSource(file, migrations, busyTimeoutMs);
  try {
    const target = await openTarget(connectionOptions(resolved, "runrpc copy"));
    try {
      const names = source.tables.map(({ name }) => name);
      const known = await target.columns();
      // Before the migrations as well: a database that was meant for something else is left as it is.
      await target.refuseRows(names.filter((name) => known.has(name)));
      await migrateResolved(resolved);
      const tell: Tell = async (progress) => {
        onProgress(progress);
        // The signal is heard by the event loop.
        await turn();
        signal?.throwIfAborted();
      };
      const tables = await copyRows(source, target, resolved.address.shown, tell);
      return { from: file, to: resolved.address.shown, tables };
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

type Tell = (progress: CopyProgress) => Promise<void>;

/** Copies what is in the source into tables that are there, and commits it. */
async function copyRows(
  source: Source,
  target: Target,
  to: string,
  tell: Tell,
): Promise<CopyReport["tables"]> {
  const matched = matchTables(source.tables, await target.columns(), to);
  const names = matched.map(({ name }) => name);
  const { tables: order, deferred } = orderTables(names, await target.references());
  const tables = order.flatMap((name) => matched.filter((table) => table.name === name));
  const told = (phase: CopyProgress["phase"], { name, source: { rows: totalRows } }: MatchedTable) => {
    let last = -1;
    return async (rows: number) => {
      if (rows !== last) await tell({ phase, table: name, rows, totalRows });
      last = rows;
    };
  };

  const examiner = createExaminer(source);
  const examined = new Map<MatchedTable, ExaminedTable>();
  for (const table of tables) examined.set(table, await examiner.examine(table, told("examine", table)));
  examiner.refuseFaults();

  await target.begin(names);
  await target.refuseRows(names);
  await target.defer(deferred);
  for (const table of tables) await write(source, target, table, told("write", table));
  await target.undefer(deferred);

  const compared: Compared[] = [];
  for (const [table, { sum, largestChars }] of examined) {
    const rowsAtATime = Math.max(1, Math.min(batch.rows, Math.floor(batch.chars / largestChars)));
    const found = await target.sum(table.name, table.columns, rowsAtATime, told("compare", table));
    compared.push({ name: table.name, here: sum, there: found });
  }
  refuseDifferences(compared, to);
  refuseWriters(source);
  for (const { name, columns, source: table } of tables) {
    for (const column of columns)
      if (column.sequence !== undefined) await target.setSequence(name, column, table.lastNumber);
  }
  await target.commit();
  return compared
    .map(({ name, here }) => ({ name, ...here }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function write(
  source: Source,
  target: Target,
  table: MatchedTable,
  tell: (rows: number) => Promise<void>,
): Promise<void> {
  let rows = 0;
  for (const values of batchesOf(source, table, batch)) {
    await target.insert(table.name, table.columns, values);
    rows += values[0]?.length ?? 0;
    await tell(rows);
  }
  if (rows === 0) await tell(rows);
}

/** What others wrote since the source was opened would stay behind. */
function refuseWriters(source: Source): void {
  if (!source.end().wasWritten) return;
  throw new DataError(
    "aborted",
    `the database ${source.file} was written to while it was copied, and nothing was kept: stop its server, or copy a backup (\`runrpc backup\`)`,
  );
}

interface Compared {
  readonly name: string;
  readonly here: RowSum;
  readonly there: RowSum;
}

function refuseDifferences(tables: readonly Compared[], to: string): void {
  const others = tables.filter(
    ({ here, there }) => here.rows !== there.rows || here.checksum !== there.checksum,
  );
  if (others.length === 0) return;
  const shown = ({ rows, checksum }: RowSum): string => `${rows} rows, checksum ${checksum.slice(0, 16)}`;
  const lines = others.map(({ name, here, there }) => `${name}: ${shown(here)}; in ${to} ${shown(there)}`);
  throw new DataError(
    "data_loss",
    `what was written is not what is read back, and nothing was kept:\n  ${lines.join("\n  ")}`,
  );
}
