import type pg from "pg";
import { DataError } from "../data-error.ts";
import { type ConnectionOptions, connect, endClient } from "../postgres/connection.ts";
import { dataErrorFromThrown, sqlStateOf } from "../postgres/postgres-error.ts";
import { createRowSummer, type RowSum } from "./checksum.ts";
import { quoted } from "./source.ts";
import type { Reference } from "./table-order.ts";
import type { ValueKind } from "./value-kinds.ts";

/** A column of Postgres. */
export interface TargetColumn {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  /** Of an identity, the sequence that gives its numbers. */
  readonly sequence: string | undefined;
}

/** A column with how its values travel. */
export interface MatchedColumn extends TargetColumn {
  readonly kind: ValueKind;
}

/** The database that is filled. Whoever opens it closes it, which rolls back what is not committed. */
export interface Target {
  /** The columns of each table that its sessions see. */
  columns(): Promise<ReadonlyMap<string, readonly TargetColumn[]>>;
  references(): Promise<readonly Reference[]>;
  /** Throws `failed_precondition` that names tables which have rows, and how many. */
  refuseRows(tables: readonly string[]): Promise<void>;
  /** Begins the transaction in which all else happens: nobody else writes into these tables until it ends. */
  begin(tables: readonly string[]): Promise<void>;
  /** Has these references looked at when all rows are there. */
  defer(references: readonly Reference[]): Promise<void>;
  /** `values` has an array for each column. */
  insert(
    table: string,
    columns: readonly MatchedColumn[],
    values: readonly (string | null)[][],
  ): Promise<void>;
  /** Looks at what was deferred, and has it looked at as before from here on. */
  undefer(references: readonly Reference[]): Promise<void>;
  /** Reads a table back, so many rows at a time. */
  sum(
    table: string,
    columns: readonly MatchedColumn[],
    rowsAtATime: number,
    tell: (rows: number) => Promise<void>,
  ): Promise<RowSum>;
  /** The next number of a column is past its greatest, and past `last`. */
  setSequence(table: string, column: TargetColumn, last: bigint): Promise<void>;
  commit(): Promise<void>;
  close(): Promise<void>;
}

/** Texts as they come, which `value-kinds.ts` reads. */
const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig; // Generic over the format.

/** How long those who hold a table may take to let go of it. */
const lockTimeoutMs = 10_000;

const catalog = `
  SELECT class.relname AS table, attname AS name, format_type(atttypid, atttypmod) AS type,
    pg_get_serial_sequence(quote_ident(class.relname), attname) AS sequence
  FROM pg_class class JOIN pg_attribute ON attrelid = class.oid
  WHERE relkind IN ('r', 'p') AND pg_table_is_visible(class.oid) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  ORDER BY relname, attnum`;

const foreignKeys = `
  SELECT conname AS name, one.relname AS table, other.relname AS to, condeferrable AS "isDeferrable"
  FROM pg_constraint JOIN pg_class one ON one.oid = conrelid JOIN pg_class other ON other.oid = confrelid
  WHERE contype = 'f' AND pg_table_is_visible(conrelid) ORDER BY 2, 1`;

export async function openTarget(options: ConnectionOptions): Promise<Target> {
  // A table takes as long as it takes.
  const client = await connect({ ...options, statementTimeoutMs: 0, name: "runrpc copy" });
  const { shown } = options.address;

  async function run<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await told(client.query<Row & pg.QueryResultRow>(text, [...values]));
    return rows;
  }

  /** What was deferrable before stays so. */
  const alter = (references: readonly Reference[], how: string) =>
    references
      .filter(({ isDeferrable }) => !isDeferrable)
      .map(({ table, name }) => `ALTER TABLE ${quoted(table)} ALTER CONSTRAINT ${quoted(name)} ${how}`);

  return {
    async columns() {
      const rows = await run<TargetColumn & { table: string; sequence: string | null }>(catalog);
      const tables = Map.groupBy(rows, ({ table }) => table);
      return new Map(
        [...tables].map(([table, columns]) => [
          table,
          columns.map(({ name, type, sequence }) => ({ name, type, sequence: sequence ?? undefined })),
        ]),
      );
    },

    references: () => run<Reference>(foreignKeys),

    async refuseRows(tables) {
      const filled: string[] = [];
      for (const table of tables) {
        const [counted] = await run<{ rows: string }>(`SELECT count(*) AS rows FROM ${quoted(table)}`);
        if (counted !== undefined && counted.rows !== "0") filled.push(`${table} ${counted.rows}`);
      }
      if (filled.length === 0) return;
      throw new DataError(
        "failed_precondition",
        `the database ${shown} has rows already (${filled.join(", ")}), and is to be empty: make another one`,
      );
    },

    async begin(tables) {
      await run("BEGIN");
      await run(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
      try {
        await run(`LOCK TABLE ${tables.map(quoted).join(", ")} IN SHARE ROW EXCLUSIVE MODE`);
      } catch (error) {
        if (sqlStateOf(error) !== "55P03") throw error;
        throw new DataError(
          "aborted",
          `the database ${shown} is written to by others: stop who is on it, and copy again`,
        );
      }
    },

    async defer(references) {
      for (const text of alter(references, "DEFERRABLE")) await run(text);
      await run("SET CONSTRAINTS ALL DEFERRED");
    },

    async insert(table, columns, values) {
      const names = columns.map(({ name }) => quoted(name)).join(", ");
      const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ");
      try {
        await run(
          `INSERT INTO ${quoted(table)} (${names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays})`,
          values,
        );
      } catch (error) {
        const { code, message, databaseCode } = dataErrorFromThrown(error);
        throw new DataError(code, `${shown} does not take rows of ${table}: ${message}`, { databaseCode });
      }
    },

    async undefer(references) {
      await run("SET CONSTRAINTS ALL IMMEDIATE");
      for (const text of alter(references, "NOT DEFERRABLE")) await run(text);
    },

    async sum(table, columns, rowsAtATime, tell) {
      const names = columns.map(({ name }) => quoted(name)).join(", ");
      const summer = createRowSummer();
      await run(`DECLARE copied NO SCROLL CURSOR FOR SELECT ${names} FROM ${quoted(table)}`);
      for (;;) {
        const fetch = { text: `FETCH ${rowsAtATime} FROM copied`, rowMode: "array", types: asText } as const;
        const { rows } = await told(client.query<(string | null)[]>(fetch));
        for (const row of rows)
          summer.add(
            row.map((text, column) =>
              text === null ? null : (columns[column]?.kind.ofServer(text) ?? null),
            ),
          );
        await tell(summer.sum.rows);
        if (rows.length < rowsAtATime) break;
      }
      await run("CLOSE copied");
      return summer.sum;
    },

    async setSequence(table, { name, sequence }, last) {
      const [found] = await run<{ greatest: string | null }>(
        `SELECT max(${quoted(name)}) AS greatest FROM ${quoted(table)}`,
      );
      const greatest = BigInt(found?.greatest ?? 0);
      const past = greatest > last ? greatest : last;
      if (past > 0n) await run("SELECT setval($1::regclass, $2::bigint)", [sequence, String(past)]);
    },

    async commit() {
      try {
        await client.query("COMMIT");
      } catch (error) {
        throw new DataError(
          "unknown",
          `the connection ended while the copy was committed: look whether ${shown} has the rows`,
          { cause: dataErrorFromThrown(error) },
        );
      }
    },

    close: () => endClient(client),
  };
}

/** What the server says against it, as a DataError. */
async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw dataErrorFromThrown(error);
  }
}
