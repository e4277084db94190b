/** What a column may hold, and what is said of one that holds something else. */
const KINDS = {
  text: { what: "text", holds: (value: unknown) => typeof value === "string" },
  texts: { what: "list of texts", holds: isListOfTexts },
  time: { what: "time", holds: isTime },
  number: { what: "number", holds: (value: unknown) => Number.isFinite(value) },
  count: { what: "whole number from 0", holds: (value: unknown) => isCount(value, Number.MAX_SAFE_INTEGER) },
  limit: { what: "number from 0 to 2147483647", holds: (value: unknown) => isCount(value, 2 ** 31 - 1) },
  flag: { what: "yes or no", holds: (value: unknown) => typeof value === "boolean" },
} as const;

export type ColumnKind = keyof typeof KINDS;

/** What was read of a row. */
export interface ReadRow<R> {
  /** The columns that hold what they should; the others are undefined. */
  readonly good: { readonly [C in keyof R]: R[C] | undefined };
  /** What is wrong with the others, such as `scopes is no list of texts`; undefined where all are good. */
  readonly fault: string | undefined;
}

/**
 * Reads a row that somebody may have edited by hand: SQLite keeps whatever is written into a column. Null is good in any, as the
 * database itself sees to those that take none.
 */
export function readRow<R extends object>(
  row: R,
  kinds: { readonly [C in keyof R]: ColumnKind },
): ReadRow<R> {
  const good = { ...row } as Record<keyof R, unknown>;
  const faults: string[] = [];
  for (const column of Object.keys(kinds) as (keyof R & string)[]) {
    const kind = KINDS[kinds[column]];
    if (row[column] === null || kind.holds(row[column])) continue;
    good[column] = undefined;
    faults.push(`${column} is no ${kind.what}`);
  }
  return {
    good: good as ReadRow<R>["good"], // what is left is of its kind
    fault: faults.length === 0 ? undefined : faults.join(", "),
  };
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string" && one.isWellFormed());
}

/** One that a Timestamp of protobuf can tell: of the years 1 to 9999. */
function isTime(value: unknown): boolean {
  return value instanceof Date && value.getTime() >= FIRST_MS && value.getTime() <= LAST_MS;
}

const FIRST_MS = Date.parse("0001-01-01T00:00:00.000Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

function isCount(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}
