import type { RowGroup } from "runrpc/query";
import type { Severity } from "../../../gen/logs/v1/logs_pb.ts";

/** A line to store. */
export interface LogLine {
  readonly time: Date;
  readonly severity: Severity;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>> | null;
  /** Characters of message and attributes. */
  readonly size: number;
}

/** The columns of rows as `rowsOfUser` makes them; see `insertRows`. */
export const rowColumns = {
  shared: ["userId"],
  own: ["time", "severity", "size", "message", "attributes"],
} as const;

/** The lines of one user, as they travel to the database. */
export function rowsOfUser(userId: string, lines: readonly LogLine[]): RowGroup {
  const own: unknown[] = [];
  for (const { time, severity, size, message, attributes } of lines)
    own.push(time, severity, size, message, attributes);
  return { shared: [userId], own };
}
