import { getTableColumns, isNoop, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { type Db, prepared } from "./query.ts";

/**
 * Rows in one statement. 50 cost half of what they cost one by one, more gain nothing; with the widest table they stay
 * far below the parameters that a statement may have (SQLite 32,766, Postgres 65,535).
 */
const ROWS_PER_STATEMENT = 50;

/**
 * Makes a function that inserts many rows into `table`, for whoever has thousands of them. `values` holds the rows one
 * after the other, each of them the value of every column in `columns`, in that order; null where there is none. A flat
 * array crosses to a worker for less than as many objects do, whose names are copied along with each.
 *
 *     const insert = insertRows(logs, ["time", "message"]);
 *     await insert(db, [now, "first", now, "second"]);
 *
 * @throws Error when `values` is not a whole number of rows.
 */
export function insertRows<T extends SQLiteTable>(
  table: T,
  columns: readonly (keyof T["_"]["columns"] & string)[],
): (db: Db, values: readonly unknown[]) => Promise<void> {
  const many = prepared((db) => prepareInsert(db, table, columns, ROWS_PER_STATEMENT));
  const one = prepared((db) => prepareInsert(db, table, columns, 1));
  const width = columns.length;
  return async (db, values) => {
    if (values.length % width !== 0)
      throw new Error(`${values.length} values are no whole number of rows of ${width} columns`);
    let at = 0;
    for (const [statement, size] of [
      [many(db), ROWS_PER_STATEMENT * width],
      [one(db), width],
    ] as const) {
      for (; at + size <= values.length; at += size)
        // The placeholders are named by their places, so that the values need no names of their own.
        await statement.execute(values.slice(at, at + size) as unknown as Record<string, unknown>);
    }
  };
}

function prepareInsert(db: Db, table: SQLiteTable, columns: readonly string[], rows: number) {
  const known = getTableColumns(table);
  const placeholder = (column: string, place: number) => {
    const value = sql.placeholder(String(place));
    const mapper = known[column]?.mapToDriverValue;
    // Apart from its column, which may have to convert it, a value costs drizzle less.
    return mapper !== undefined && isNoop(mapper) ? sql`${value}` : value;
  };
  const row = (first: number) =>
    Object.fromEntries(columns.map((column, index) => [column, placeholder(column, first + index)]));
  const values = Array.from({ length: rows }, (_, index) => row(index * columns.length));
  // A placeholder stands for any value of its column, which the type of values() does not know.
  return db
    .insert(table)
    .values(values as never)
    .prepare();
}
