import { DataError } from "../data-error.ts";
import { createRowSummer, type RowSum } from "./checksum.ts";
import type { MatchedTable } from "./match-tables.ts";
import type { Source, SourceRow } from "./source.ts";
import { Unstorable } from "./unstorable.ts";

/** What a table of the file holds. */
export interface ExaminedTable {
  readonly sum: RowSum;
  /** Characters of its largest row, as the server is sent it. */
  readonly largestChars: number;
}

/** A value that cannot be stored is told with its row; of so many, and how many more there are. */
const shownFaults = 10;

/** Rows between one look at the signal and the next. */
const stretchRows = 1_000;

/** Looks at every value of every table, before anything is written. */
export interface Examiner {
  examine(table: MatchedTable, tell: (rows: number) => Promise<void>): Promise<ExaminedTable>;
  /** Throws `invalid_argument` that names the values that cannot be copied as they are, when there were any. */
  refuseFaults(): void;
}

export function createExaminer(source: Source): Examiner {
  const faults: string[] = [];
  let count = 0;

  function fault(
    { name, source: table }: MatchedTable,
    row: SourceRow,
    column: string,
    reason: string,
  ): void {
    count += 1;
    if (count <= shownFaults) faults.push(`${name}.${column} where ${source.nameOf(table, row)} ${reason}`);
  }

  /** The values as both databases have them; undefined when one of them cannot be stored. */
  function compared(table: MatchedTable, row: SourceRow): (string | null)[] | undefined {
    const before = count;
    const values = table.columns.map(({ name, kind }, index) => {
      const value = row[index];
      if (value === null || value === undefined) return null;
      try {
        kind.textOf(value);
        if (typeof value === "string" && !source.isExact(table.source, row, name, value))
          throw new Unstorable("has bytes that are no UTF-8 in its text");
        return kind.ofFile(value);
      } catch (error) {
        if (!(error instanceof Unstorable)) throw error;
        fault(table, row, name, error.message);
        return null;
      }
    });
    return count === before ? values : undefined;
  }

  return {
    async examine(table, tell) {
      const summer = createRowSummer();
      let largestChars = 1;
      let rows = 0;
      for (const row of source.rowsOf(table.source)) {
        const values = compared(table, row);
        if (values !== undefined) summer.add(values);
        largestChars = Math.max(largestChars, charsOf(row));
        rows += 1;
        if (rows % stretchRows === 0) await tell(rows);
      }
      await tell(rows);
      return { sum: summer.sum, largestChars };
    },
    refuseFaults() {
      if (count === 0) return;
      const more = count > shownFaults ? `\n  and ${count - shownFaults} more` : "";
      const what =
        count === 1 ? "a value cannot be copied as it is" : `${count} values cannot be copied as they are`;
      throw new DataError(
        "invalid_argument",
        `${what}, and nothing was written:\n  ${faults.join("\n  ")}${more}`,
      );
    },
  };
}

/** What a message to the server holds at most, unless a single row has more. */
export interface BatchLimits {
  readonly rows: number;
  readonly chars: number;
}

/** The rows of a table as the server is sent them: an array for each column. */
export function* batchesOf(
  source: Source,
  { source: table, columns }: MatchedTable,
  limits: BatchLimits,
): Generator<readonly (string | null)[][]> {
  const empty = (): (string | null)[][] => columns.map(() => []);
  let batch = empty();
  let rows = 0;
  let chars = 0;
  for (const row of source.rowsOf(table)) {
    const size = charsOf(row);
    if (rows > 0 && (rows === limits.rows || chars + size > limits.chars)) {
      yield batch;
      [batch, rows, chars] = [empty(), 0, 0];
    }
    columns.forEach(({ kind }, index) => {
      const value = row[index];
      batch[index]?.push(value === null || value === undefined ? null : kind.textOf(value));
    });
    rows += 1;
    chars += size;
  }
  if (rows > 0) yield batch;
}

/** About what a row takes on its way: bytes are sent in hexadecimal. */
function charsOf(row: SourceRow): number {
  let chars = 0;
  for (const value of row) {
    if (typeof value === "string") chars += value.length;
    else if (Buffer.isBuffer(value)) chars += 2 * value.length;
    else chars += 16;
  }
  return chars;
}
