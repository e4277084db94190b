import { type Column, getTableColumns, getTableName, isNoop, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { GroupColumns, RowGroup } from "../insert-rows.ts";
import type { Db } from "../query.ts";
import { columnCodecs } from "./codecs.ts";
import { columnTypeOf } from "./column-types.ts";
import { namingNul } from "./nul.ts";

/**
 * `insertRows` on Postgres: one statement for any number of rows, with an array for each column, of which the server makes
 * the rows. A statement with a parameter for each value costs several times as much, and ends at 65,535 of them.
 */
export function insertUnnested(
  db: Db,
  table: SQLiteTable,
  { shared, own }: GroupColumns<string>,
): (group: RowGroup) => Promise<void> {
  const columns = getTableColumns(table) as Record<string, Column>;
  const described = (name: string) => {
    const column = columns[name];
    if (column === undefined) throw new Error(`${getTableName(table)} has no column ${name}`);
    return { encode: encoderOf(column), type: columnTypeOf(getTableName(table), column) };
  };
  const sharedColumns = shared.map(described);
  const ownColumns = own.map(described);
  let place = 0;
  const parameter = (type: string) => sql`${sql.placeholder(String(place++))}::${sql.raw(type)}`;
  const selected = [...sharedColumns.map(({ type }) => parameter(type)), sql`own.*`];
  const arrays = ownColumns.map(({ type }) => parameter(`${type}[]`));
  // The columns are known to be the table's, which the types of an insert want spelt out.
  const insertInto = db.insert as (table: SQLiteTable, ...columns: string[]) => ReturnType<Db["insert"]>;
  const statement = insertInto
    .call(db, table, ...shared, ...own)
    .select(sql`select ${sql.join(selected, sql`, `)} from unnest(${sql.join(arrays, sql`, `)}) as own`)
    .prepare();

  return async (group) => {
    const rows = group.own.length / own.length;
    if (rows === 0) return;
    const values: unknown[] = sharedColumns.map(({ encode }, index) => encode(group.shared[index]));
    ownColumns.forEach(({ encode }, column) => {
      const array: unknown[] = new Array(rows);
      for (let row = 0; row < rows; row++) array[row] = encode(group.own[row * own.length + column]);
      values.push(array);
    });
    try {
      // The placeholders are named by their places, so that the values need no names of their own.
      await statement.execute(values as unknown as Record<string, unknown>);
    } catch (error) {
      for (const cell of cellsOf(group, shared, own)) {
        const named = namingNul(error, cell);
        if (named !== error) throw named;
      }
      throw error;
    }
  };
}

/** The values of a group, each under the name of its column. */
function* cellsOf(
  group: RowGroup,
  shared: readonly string[],
  own: readonly string[],
): Generator<Readonly<Record<string, unknown>>> {
  for (const [at, value] of group.shared.entries()) yield { [String(shared[at])]: value };
  for (const [at, value] of group.own.entries()) yield { [String(own[at % own.length])]: value };
}

/** From a value of a query to what the driver sends. */
function encoderOf(column: Column): (value: unknown) => unknown {
  const { codec } = column as unknown as { readonly codec: string | undefined }; // Internal to drizzle.
  const normalize = codec === undefined ? undefined : columnCodecs[codec]?.normalizeParam;
  const toDriver = isNoop(column.mapToDriverValue) ? undefined : column.mapToDriverValue;
  return (value) => {
    if (value === null || value === undefined) return null;
    const mapped = toDriver === undefined ? value : toDriver.call(column, value);
    return normalize === undefined ? mapped : normalize(mapped);
  };
}
