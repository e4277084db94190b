import { getTableColumns, is, type SQL } from "drizzle-orm";
import * as pg from "drizzle-orm/pg-core";
import { getTableConfig, type SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import { columnTypeOf } from "./column-types.ts";

/**
 * The tables of Postgres that hold what SQLite's do, under the same names: for drizzle-kit, which writes migrations of
 * them. No query sees them. `schema` is what a `schema.ts` exports.
 *
 * Throws an Error for a column whose kind has no type there.
 */
export function pgTablesOf(schema: Readonly<Record<string, unknown>>): pg.PgTable[] {
  const made = new Map<SQLiteTable, pg.PgTable>();
  const pgTableOf = (table: SQLiteTable): pg.PgTable => {
    const known = made.get(table);
    if (known !== undefined) return known;
    const { name } = getTableConfig(table);
    const columns = Object.entries(columnsOf(table)).map(([key, column]) => [key, builderOf(name, column)]);
    const result = pg.pgTable(name, Object.fromEntries(columns), (self) =>
      constraintsOf(table, columnFinder(table, self as PgColumns), pgTableOf),
    );
    made.set(table, result);
    return result;
  };
  return Object.values(schema)
    .filter((table) => is(table, SQLiteTable))
    .map(pgTableOf);
}

type PgColumns = Readonly<Record<string, pg.PgColumn>>;

type FindColumn = (column: SQLiteColumn) => pg.PgColumn;

function columnsOf(table: SQLiteTable): Readonly<Record<string, SQLiteColumn>> {
  return getTableColumns(table) as Record<string, SQLiteColumn>; // Of a table of SQLite.
}

/** Finds the columns of a Postgres table by those of SQLite's. */
function columnFinder(table: SQLiteTable, made: PgColumns): FindColumn {
  const keys = new Map(Object.entries(columnsOf(table)).map(([key, column]) => [column.name, key]));
  return ({ name }) => {
    const column = made[keys.get(name) ?? ""];
    if (column === undefined) throw new Error(`${getTableConfig(table).name} has no column ${name}`);
    return column;
  };
}

function builderOf(table: string, column: SQLiteColumn): pg.PgColumnBuilder {
  const { name, notNull, primary, isUnique, uniqueName, default: given } = column;
  const type = columnTypeOf(table, column);
  const isNumbered = primary && column.columnType === "SQLiteInteger";
  let builder: ReturnType<typeof customColumn> = isNumbered
    ? // An identity by default takes the ids of rows that are copied from elsewhere.
      (pg.bigint(name, { mode: "number" }).generatedByDefaultAsIdentity() as never)
    : customColumn(name, type);
  if (primary) builder = builder.primaryKey() as typeof builder;
  else if (notNull) builder = builder.notNull() as typeof builder;
  if (isUnique) builder = builder.unique(uniqueName);
  if (given !== undefined) builder = builder.default(given);
  return builder;
}

function customColumn(name: string, type: string) {
  // Sorted by its bytes, as SQLite sorts it, whatever the locale of the database.
  const dataType = type === "text" ? 'text COLLATE "C"' : type;
  return pg.customType<{ data: unknown }>({ dataType: () => dataType })(name);
}

function constraintsOf(
  table: SQLiteTable,
  find: FindColumn,
  pgTableOf: (table: SQLiteTable) => pg.PgTable,
): pg.PgTableExtraConfigValue[] {
  const { indexes, foreignKeys, checks, primaryKeys, uniqueConstraints } = getTableConfig(table);
  return [
    ...indexes.map(({ config: { name, columns, unique, where } }) => {
      const [first, ...others] = columns.map((column) => indexed(column, find));
      if (first === undefined) throw new Error(`the index ${name} has no column`);
      const made = (unique ? pg.uniqueIndex(name) : pg.index(name)).on(first, ...others);
      return where === undefined ? made : made.where(where);
    }),
    ...foreignKeys.map((key) => {
      const { columns, foreignTable, foreignColumns } = key.reference();
      // A table that refers to itself is being made.
      const findForeign =
        foreignTable === table
          ? find
          : columnFinder(foreignTable, getTableColumns(pgTableOf(foreignTable)) as unknown as PgColumns);
      const made = pg.foreignKey({
        name: key.getName(),
        columns: columns.map(find) as [pg.PgColumn, ...pg.PgColumn[]], // As many as SQLite's, which has one at least.
        foreignColumns: foreignColumns.map(findForeign) as [pg.PgColumn, ...pg.PgColumn[]],
      });
      if (key.onDelete !== undefined) made.onDelete(key.onDelete);
      if (key.onUpdate !== undefined) made.onUpdate(key.onUpdate);
      return made;
    }),
    ...checks.map(({ name, value }) => pg.check(name, value)),
    ...primaryKeys.map((key) =>
      pg.primaryKey({ name: key.getName(), columns: key.columns.map(find) as never }),
    ),
    ...uniqueConstraints.map((key) => {
      const [first, ...others] = key.columns.map(find);
      if (first === undefined) throw new Error(`the constraint ${key.getName()} has no column`);
      return pg.unique(key.getName()).on(first, ...others);
    }),
  ];
}

function indexed(column: SQLiteColumn | SQL, find: FindColumn): pg.PgColumn | SQL {
  return "queryChunks" in column ? column : find(column);
}
