/** A line to store. */
export interface LogLine {
  readonly time: Date;
  readonly severity: number;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>> | null;
  /** Characters of message and attributes. */
  readonly size: number;
}

/** The columns of a row as `appendRow` writes them, in this order. */
export const rowColumns = ["userId", "time", "severity", "size", "message", "attributes"] as const;

/** Adds a line to rows that travel as one flat array; see `insertRows`. */
export function appendRow(values: unknown[], userId: string, line: LogLine): void {
  values.push(userId, line.time, line.severity, line.size, line.message, line.attributes);
}
