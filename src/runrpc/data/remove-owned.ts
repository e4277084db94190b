import { eq, inArray, is, sql } from "drizzle-orm";
import { getTableConfig, type SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import { type Db, prepared } from "./query.ts";

/** Rows in one statement: about a millisecond's worth. */
const stepRows = 50;

/** Removes the rows that refer to an owner, a few at a time; true when some are left. */
export type RemoveOwned = (db: Db, owner: string | number, maxMs: number) => Promise<boolean>;

/**
 * Makes a function that removes what refers to a row of another table, so that removing that row cascades to nothing:
 * a cascade over a million rows is one write of half a minute, which every other write waits for. `tables` may hold any
 * tables; those with a foreign key to `owner` count. Each call takes the first rows of each table, and goes on until
 * nothing is left or `maxMs` are over, so with 0 it ends after one step of each table.
 *
 *     const removeOwned = removeOwnedRows(users.id, Object.values(schema));
 *     const isLeft = await removeOwned(db, userId, 10);
 */
export function removeOwnedRows(owner: SQLiteColumn, tables: readonly unknown[]): RemoveOwned {
  const steps = tables
    .filter((table) => isTable(table))
    .flatMap((table) => referencesTo(owner, table).map((column) => stepOf(table, column)));
  return async (db, value, maxMs) => {
    const since = performance.now();
    let isLeft = false;
    for (const step of steps) {
      let isFull: boolean;
      do {
        const removed = await step(db).execute({ owner: value });
        isFull = removed.length === stepRows;
      } while (isFull && performance.now() - since < maxMs);
      isLeft ||= isFull;
    }
    return isLeft;
  };
}

function isTable(value: unknown): value is SQLiteTable {
  return is(value, SQLiteTable);
}

/** The columns of a table that refer to the owner's. */
function referencesTo(owner: SQLiteColumn, table: SQLiteTable): SQLiteColumn[] {
  return getTableConfig(table).foreignKeys.flatMap((key) => {
    const { columns, foreignColumns } = key.reference();
    return foreignColumns[0] === owner && columns[0] !== undefined ? [columns[0]] : [];
  });
}

function stepOf(table: SQLiteTable, column: SQLiteColumn) {
  const { columns, name } = getTableConfig(table);
  const key = columns.find(({ primary }) => primary);
  if (key === undefined) throw new Error(`the table ${name} has no primary key of one column`);
  return prepared((db) => {
    const first = db
      .select({ key })
      .from(table)
      .where(eq(column, sql.placeholder("owner")))
      .limit(stepRows);
    return db.delete(table).where(inArray(key, first)).returning({ key }).prepare();
  });
}
