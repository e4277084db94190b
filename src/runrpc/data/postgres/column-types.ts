/** The Postgres type of each kind of column, by drizzle's own name of SQLite's. Text sorts by its bytes, as on SQLite. */
export const columnTypes: Readonly<Record<string, string>> = {
  SQLiteText: "text",
  SQLiteTextJson: "jsonb",
  SQLiteInteger: "bigint",
  SQLiteTimestamp: "timestamptz(3)",
  SQLiteBoolean: "boolean",
  SQLiteReal: "double precision",
  SQLiteBlobBuffer: "bytea",
  SQLiteBigInt: "numeric",
};

/** The type of a column. Throws an Error that names the column where Postgres has none for it. */
export function columnTypeOf(
  table: string,
  column: { readonly name: string; readonly columnType: string; readonly mode?: unknown },
): string {
  // Seconds: the type alone tells `runrpc copy` what the numbers in an SQLite file count.
  if (column.columnType === "SQLiteTimestamp" && column.mode === "timestamp") return "timestamptz(0)";
  const type = columnTypes[column.columnType];
  if (type !== undefined) return type;
  const kinds = Object.keys(columnTypes).join(", ");
  throw new Error(`${table}.${column.name} is a ${column.columnType}, and Postgres takes ${kinds}`);
}
