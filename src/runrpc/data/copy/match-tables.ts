import { DataError } from "../data-error.ts";
import type { SourceTable } from "./source.ts";
import type { MatchedColumn, TargetColumn } from "./target.ts";
import { valueKinds } from "./value-kinds.ts";

/** A table that both databases have. */
export interface MatchedTable {
  readonly name: string;
  readonly source: SourceTable;
  /** In the order of the file's. */
  readonly columns: readonly MatchedColumn[];
}

/**
 * Finds each table of a file, and each column, in the other database. `name` is that of the other database.
 *
 * Throws `failed_precondition` for what is in one of them alone, as it is when somebody made it by hand, and for a type that
 * runrpc's migrations do not have.
 */
export function matchTables(
  sources: readonly SourceTable[],
  targets: ReadonlyMap<string, readonly TargetColumn[]>,
  name: string,
): MatchedTable[] {
  return sources.map((source) => {
    const target = targets.get(source.name);
    if (target === undefined) throw refusal(`the database ${name} has no table ${source.name}`);
    const surplus = target.find((column) => !source.columns.includes(column.name));
    if (surplus !== undefined)
      throw refusal(`${source.name}.${surplus.name} is in the database ${name} alone`);
    const columns = source.columns.map((columnName): MatchedColumn => {
      const column = target.find((candidate) => candidate.name === columnName);
      if (column === undefined)
        throw refusal(`the database ${name} has no column ${source.name}.${columnName}`);
      const kind = valueKinds[column.type];
      if (kind !== undefined) return { ...column, kind };
      const known = Object.keys(valueKinds).join(", ");
      throw refusal(
        `${source.name}.${columnName} is of the type ${column.type}, and what can be copied is ${known}`,
      );
    });
    return { name: source.name, source, columns };
  });
}

function refusal(sentence: string): DataError {
  return new DataError("failed_precondition", sentence);
}
