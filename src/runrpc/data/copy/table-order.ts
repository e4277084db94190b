/** A foreign key. */
export interface Reference {
  readonly name: string;
  readonly table: string;
  readonly to: string;
  /** It may be looked at when its transaction commits. */
  readonly isDeferrable: boolean;
}

/** How tables are filled. */
export interface TableOrder {
  readonly tables: readonly string[];
  /** What cannot be held to row by row: to the table itself, or round in a circle. */
  readonly deferred: readonly Reference[];
}

/** Orders tables so that each comes after those that it refers to, where there is such an order. */
export function orderTables(names: readonly string[], references: readonly Reference[]): TableOrder {
  const left = new Set([...names].sort());
  const tables: string[] = [];
  const waits = (table: string): boolean =>
    references.some((one) => one.table === table && one.to !== table && left.has(one.to));
  while (left.size > 0) {
    const [first] = left;
    const next = [...left].find((table) => !waits(table)) ?? first;
    if (next === undefined) break;
    left.delete(next);
    tables.push(next);
  }
  const place = new Map(tables.map((table, index) => [table, index]));
  const deferred = references.filter(
    ({ table, to }) => place.has(table) && (place.get(to) ?? -1) >= (place.get(table) ?? 0),
  );
  return { tables, deferred };
}
