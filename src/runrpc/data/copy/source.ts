import type { Database } from "better-sqlite3";
import { DataError } from "../data-error.ts";
import type { ResolvedMigrationSet } from "../migrations.ts";
import { compareMigrations } from "../sqlite/migration-journal.ts";
import { openForReading } from "../sqlite/open-for-reading.ts";
import type { SqliteValue } from "./value-kinds.ts";

/** A table of an SQLite file. */
export interface SourceTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** The columns of its primary key; `rowid` where it has none. */
  readonly key: readonly string[];
  readonly rows: number;
  /** The greatest number that its AUTOINCREMENT has given, also to rows that are gone; 0 where there is none. */
  readonly lastNumber: bigint;
}

/** A row, in the order of the table's columns. */
export type SourceRow = readonly (SqliteValue | null)[];

/** An SQLite file as it is at one moment, whatever others write into it. Whoever opens it closes it. */
export interface Source {
  readonly file: string;
  readonly tables: readonly SourceTable[];
  rowsOf(table: SourceTable): Iterable<SourceRow>;
  /** The key of a row, for a sentence. */
  nameOf(table: SourceTable, row: SourceRow): string;
  /** Whether a text is what the file holds: bytes that are no UTF-8 are read as U+FFFD. */
  isExact(table: SourceTable, row: SourceRow, column: string, text: string): boolean;
  /** Ends the moment, and tells whether somebody has written since it began. */
  end(): { readonly wasWritten: boolean };
  close(): void;
}

/**
 * Opens a file in one read transaction, which is a snapshot in WAL mode.
 *
 * Throws a DataError: `not_found` for no file, `failed_precondition` for one whose migrations are not those of the code, or whose
 * rows refer to what does not exist.
 */
export function openSource(
  file: string,
  sets: readonly ResolvedMigrationSet[],
  busyTimeoutMs: number,
): Source {
  const client = openForReading(file, busyTimeoutMs);
  try {
    const version = client.pragma("data_version", { simple: true });
    client.exec("BEGIN");
    checkMigrations(client, file, sets);
    checkReferences(client, file);
    const journals = new Set(sets.map(({ journal }) => journal));
    return {
      file,
      tables: tablesOf(client).filter(({ name }) => !journals.has(name)),
      rowsOf: (table) => rowsOf(client, table),
      nameOf: (table, row) =>
        keyOf(table, row)
          .map(({ column, value }) => `${column} = ${bounded(value)}`)
          .join(", "),
      isExact: (table, row, column, text) => isExact(client, table, row, column, text),
      end() {
        client.exec("COMMIT");
        return { wasWritten: client.pragma("data_version", { simple: true }) !== version };
      },
      close: () => void client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

function checkMigrations(client: Database, file: string, sets: readonly ResolvedMigrationSet[]): void {
  const { newer, edited, pending } = compareMigrations(client, sets);
  const refuse = (sentence: string) =>
    new DataError("failed_precondition", `the database ${file} ${sentence}`);
  const [strange = edited[0]] = newer;
  if (newer.length > 0)
    throw refuse(`has the migration ${strange}, which this code does not know: update the code`);
  if (edited.length > 0)
    throw refuse(`was made with another text of the migration ${strange}: restore the file of it`);
  if (pending.length > 0)
    throw refuse(`lacks the migration ${pending[0]}: run \`runrpc migrate --database ${file}\``);
}

function checkReferences(client: Database, file: string): void {
  const broken = client.pragma("foreign_key_check") as { table: string; parent: string }[]; // As SQLite names them.
  const [first] = broken;
  if (first === undefined) return;
  throw new DataError(
    "failed_precondition",
    `the database ${file} has ${broken.length} rows that refer to what does not exist, first in ${first.table} to ${first.parent}: \`runrpc doctor --database ${file}\``,
  );
}

function tablesOf(client: Database): SourceTable[] {
  const all = <T>(text: string, ...values: unknown[]): T[] => client.prepare(text).all(...values) as T[];
  const names = all<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  const hasNumbers = all("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").length > 0;
  return names.map(({ name }) => {
    const columns = all<{ name: string; pk: number }>("SELECT name, pk FROM pragma_table_info(?)", name);
    const key = columns.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
    const [lastNumber = 0n] = hasNumbers
      ? (client
          .prepare("SELECT seq FROM sqlite_sequence WHERE name = ?")
          .safeIntegers(true)
          .pluck()
          .all(name) as bigint[]) // An integer.
      : [];
    const [counted] = all<{ rows: number }>(`SELECT count(*) AS rows FROM ${quoted(name)}`);
    return {
      name,
      columns: columns.map((column) => column.name),
      key: key.length === 0 ? ["rowid"] : key.map((column) => column.name),
      rows: counted?.rows ?? 0,
      lastNumber,
    };
  });
}

/** A row has the rowid behind its columns where that is the key. */
function rowsOf(client: Database, { name, columns, key }: SourceTable): Iterable<SourceRow> {
  const read = columns.includes(key[0] ?? "") ? columns : [...columns, ...key];
  const statement = client.prepare(`SELECT ${read.map(quoted).join(", ")} FROM ${quoted(name)}`);
  return statement.safeIntegers(true).raw(true).iterate() as IterableIterator<SourceRow>; // As `raw` makes them.
}

function keyOf({ columns, key }: SourceTable, row: SourceRow) {
  return key.map((column, index) => {
    const place = columns.indexOf(column);
    return { column, value: row[place < 0 ? columns.length + index : place] ?? null };
  });
}

function isExact(
  client: Database,
  table: SourceTable,
  row: SourceRow,
  column: string,
  text: string,
): boolean {
  if (!text.includes("\uFFFD")) return true;
  const key = keyOf(table, row);
  const where = key.map((part) => `${quoted(part.column)} IS ?`).join(" AND ");
  const stored = client
    .prepare(`SELECT CAST(${quoted(column)} AS BLOB) FROM ${quoted(table.name)} WHERE ${where}`)
    .pluck()
    .get(...key.map(({ value }) => value));
  return Buffer.isBuffer(stored) && stored.equals(Buffer.from(text));
}

/** As a name in a statement, which is in double quotes in both databases. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A key may be a text of any length. */
function bounded(value: SqliteValue | null): string {
  if (Buffer.isBuffer(value)) return `x'${value.subarray(0, 50).toString("hex")}'`;
  return typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : String(value);
}
