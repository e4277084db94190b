import { getTableColumns, isNoop, type SQL, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { type Db, prepared } from "./query.ts";

/** Rows that have the same value in some columns: those values once, and the others of each row, row after row. */
export interface RowGroup {
  readonly shared: readonly unknown[];
  readonly own: readonly unknown[];
}

/** The columns in the order in which a group holds their values. */
export interface GroupColumns<Column extends string> {
  /** Of the columns that all rows of a group agree in. */
  readonly shared: readonly Column[];
  readonly own: readonly Column[];
}

/**
 * Rows in one statement, largest first. 64 cost half of what they cost one by one, and more gain nothing; the steps
 * between are for the end of a group. With the widest table 64 stay far below the parameters that a statement may have
 * (SQLite 32,766, Postgres 65,535).
 */
const STATEMENT_ROWS = [64, 16, 4, 1] as const;

/**
 * Makes a function that inserts many rows into `table`, for whoever has thousands of them. Flat arrays cross to a worker
 * for less than as many objects do, whose names are copied along with each; and most of what a row costs is handing its
 * values over, one by one, which is done once for those that rows share. A value is null where there is none.
 *
 *     const insert = insertRows(logs, { shared: ["host"], own: ["time", "message"] });
 *     await insert(db, [{ shared: ["a.example.com"], own: [now, "first", now, "second"] }]);
 *
 * @throws Error when a group has too few or too many values for its columns.
 */
export function insertRows<T extends SQLiteTable>(
  table: T,
  columns: GroupColumns<keyof T["_"]["columns"] & string>,
): (db: Db, groups: readonly RowGroup[]) => Promise<void> {
  const inserterOf = prepared((db: Db & Partial<OwnInserter>) =>
    (db[rowsInserter] ?? insertByValues)(db, table, columns),
  );
  return async (db, groups) => {
    for (const group of groups) checkWidth(group, columns);
    const insert = inserterOf(db);
    for (const group of groups) await insert(group);
  };
}

/** Makes what inserts one group after the other. */
export type RowsInserter = (
  db: Db,
  table: SQLiteTable,
  columns: GroupColumns<string>,
) => (group: RowGroup) => Promise<void>;

/** Under this name a database has its own way to insert many rows, where it has one. */
export const rowsInserter = Symbol("rowsInserter");

interface OwnInserter {
  readonly [rowsInserter]: RowsInserter;
}

/** As `VALUES`, with a parameter for each value. */
function insertByValues(
  db: Db,
  table: SQLiteTable,
  columns: GroupColumns<string>,
): (group: RowGroup) => Promise<void> {
  const statements = STATEMENT_ROWS.map((rows) => ({
    width: rows * columns.own.length,
    statement: prepared((own) => prepareInsert(own, table, columns, rows)),
  }));
  return async ({ shared, own }) => {
    let at = 0;
    for (const { width, statement } of statements) {
      for (; at + width <= own.length; at += width) {
        const values = shared.concat(own.slice(at, at + width));
        // The placeholders are named by their places, so that the values need no names of their own.
        await statement(db).execute(values as unknown as Record<string, unknown>);
      }
    }
  };
}

function checkWidth({ shared, own }: RowGroup, columns: GroupColumns<string>): void {
  if (shared.length !== columns.shared.length)
    throw new Error(`${shared.length} shared values are given for ${columns.shared.length} columns`);
  if (own.length % columns.own.length !== 0)
    throw new Error(`${own.length} values are no whole number of rows of ${columns.own.length} columns`);
}

function prepareInsert(db: Db, table: SQLiteTable, { shared, own }: GroupColumns<string>, rows: number) {
  const known = getTableColumns(table);
  let place = 0;
  const placeholder = (name: string): SQL => {
    const value = sql.placeholder(String(place++));
    const column = known[name];
    // Apart from its column, which may have to convert it, a value costs drizzle less.
    return column === undefined || isNoop(column.mapToDriverValue)
      ? sql`${value}`
      : sql`${sql.param(value, column)}`;
  };
  const list = (names: readonly string[]): SQL => sql.join(names.map(placeholder), sql`, `);
  const sharedValues = list(shared);
  const ownRows = sql.join(
    Array.from({ length: rows }, () => sql`(${list(own)})`),
    sql`, `,
  );
  const rowsOf =
    shared.length === 0
      ? sql`values ${ownRows}`
      : sql`select * from (select ${sharedValues}), (values ${ownRows})`;
  // The columns are known to be the table's, which the types of an insert want spelt out.
  const insertInto = db.insert as (table: SQLiteTable, ...columns: string[]) => ReturnType<Db["insert"]>;
  return insertInto
    .call(db, table, ...shared, ...own)
    .select(rowsOf)
    .prepare();
}
