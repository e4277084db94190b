import type { Database, Statement } from "better-sqlite3";
import { DataError } from "../data-error.ts";

/** What V8 keeps of a row and of each of its values, besides text and bytes: about. */
const rowBytes = 64;
const valueBytes = 16;

/**
 * Bounds what one statement of a client gives, from here on: past `maxBytes` it fails with `resource_exhausted`. The
 * driver collects all rows in native code, where a heap that is full ends the whole process and not the worker alone; so
 * rows are taken one by one, and counted. A statement that finds one row at most, by a unique key, is left as it is: it is
 * the one that has to be fast.
 */
export function guardResults(client: Database, maxBytes: number): void {
  const prepare = client.prepare.bind(client);
  client.prepare = ((source: string) => {
    const statement = prepare(source);
    if (statement.reader && !findsOneRow(client, source)) guard(statement, maxBytes);
    return statement;
  }) as Database["prepare"]; // The same function, whose type is generic over what the rows are.
}

function guard(statement: Statement, maxBytes: number): void {
  statement.all = (...parameters: unknown[]) => {
    const rows: unknown[] = [];
    let bytes = 0;
    for (const row of statement.iterate(...parameters)) {
      bytes += bytesOf(row);
      if (bytes > maxBytes) {
        throw new DataError(
          "resource_exhausted",
          `a statement gives more than ${maxBytes} bytes (${rows.length} rows so far), a quarter of heapMb: ask for less at a time`,
        );
      }
      rows.push(row);
    }
    return rows;
  };
}

function bytesOf(row: unknown): number {
  if (typeof row !== "object" || row === null) return valueBytes;
  let bytes = rowBytes;
  for (const value of Array.isArray(row) ? row : Object.values(row)) {
    bytes += valueBytes;
    if (typeof value === "string") bytes += 2 * value.length;
    else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  }
  return bytes;
}

/** How SQLite says that it looks up a row by its key (https://sqlite.org/eqp.html). */
const lookUp =
  /^SEARCH \S+ USING (?:INTEGER PRIMARY KEY \(rowid=\?\)|(?:COVERING )?INDEX (sqlite_autoindex_\S+) \(([^)]*)\))$/;

function findsOneRow(client: Database, source: string): boolean {
  // A look-up in a list is told like one of a single key.
  if (!/^\s*select\b/i.test(source) || /\bin\b/i.test(source)) return false;
  const steps = planOf(client, source);
  return steps.length > 0 && steps.every(({ detail }) => isUniqueLookUp(client, detail));
}

function planOf(client: Database, source: string): readonly { readonly detail: string }[] {
  // The driver's types do not have it; unlike `prepare` it asks for no parameters.
  const { explain } = client as unknown as { explain(source: string): { detail: string }[] };
  return explain.call(client, `QUERY PLAN ${source}`);
}

function isUniqueLookUp(client: Database, detail: string): boolean {
  const found = lookUp.exec(detail);
  if (found === null) return false;
  const [, index, terms = ""] = found;
  if (index === undefined) return true;
  const columns = client.pragma(`index_info(${JSON.stringify(index)})`) as unknown[];
  const equalities = terms.split(" AND ");
  return equalities.length === columns.length && equalities.every((term) => term.endsWith("=?"));
}
