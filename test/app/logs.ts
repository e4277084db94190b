import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  dateFromTimestamp,
  pageTokenFromPosition,
  positionFromPageToken,
  refusedPageToken,
  requirePrincipal,
  type ServiceImpl,
  timestampFromStored,
} from "runrpc";
import type { LogEntry, LogEntrySchema, LogService } from "../gen/rig/logs/v1/logs_pb.ts";
import type { LogRow, RigQueries } from "./queries.ts";

/** Values that wait for an insert, four to a line: with more, the upload is not read until the one before it is done. */
const maxWaitingValues = 4_000;

/** Before the first line. */
const start = [8_640_000_000_000_000, Number.MAX_SAFE_INTEGER] as const;

/** The caller's log lines, as rig/logs/v1 describes them. */
export function createLogService(queries: RigQueries): ServiceImpl<typeof LogService> {
  return {
    async uploadLogs(requests, context) {
      const { subject: userId } = requirePrincipal(context);
      const { signal } = context;
      let received = 0;
      let own: unknown[] = [];
      let insert: Promise<void> | undefined;

      /** Stores what waits, and what arrives meanwhile. */
      async function flush(): Promise<void> {
        while (own.length > 0) {
          const rows = { shared: [userId], own };
          own = [];
          await queries.addLogs({ rows }, { signal });
        }
        insert = undefined;
      }

      for await (const { entries } of requests) {
        own = own.concat(...entries.map(valuesOf));
        received += entries.length;
        if (insert === undefined) {
          insert = flush();
          insert.catch(() => {}); // whoever awaits it hears of it
        }
        if (own.length >= maxWaitingValues) await insert;
      }
      await insert;
      return { logsReceived: BigInt(received) };
    },

    async listLogs({ pageSize, pageToken, minSeverity }, context) {
      const { subject: userId } = requirePrincipal(context);
      const [time = start[0], id = start[1]] = positionFromPageToken("logs", pageToken, 2) ?? start;
      if (Number.isNaN(new Date(time).getTime())) throw refusedPageToken(pageToken);
      const limit = pageSize === 0 ? 50 : pageSize;
      const rows = await queries.listLogs(
        { userId, time: new Date(time), id, minSeverity, limit },
        { signal: context.signal },
      );
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        entries: rows.map(entryFromRow),
        nextPageToken:
          last === undefined ? "" : pageTokenFromPosition("logs", [last.time.getTime(), last.id]),
      };
    },
  };
}

/** A line in the order of the table's columns. */
function valuesOf({ time, severity, message, attributes }: LogEntry, index: number): readonly unknown[] {
  const at = time === undefined ? new Date() : dateFromTimestamp(`entries[${index}].time`, time);
  return [at, severity, message, Object.keys(attributes).length === 0 ? null : attributes];
}

function entryFromRow(row: LogRow): MessageInitShape<typeof LogEntrySchema> {
  return {
    time: timestampFromStored(row.time),
    severity: row.severity,
    message: row.message,
    attributes: row.attributes ?? {},
  };
}
