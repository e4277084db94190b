import { randomUUID } from "node:crypto";
import {
  type Answer,
  dateFromTimestamp,
  pageTokenFromPosition,
  positionFromPageToken,
  refusedPageToken,
  requirePrincipal,
  type ServiceImpl,
  timestampFromStored,
} from "runrpc";
import type { LogEntry, LogService } from "../../../gen/logs/v1/logs_pb.ts";
import type { LogQueries, LogRow } from "./queries.ts";
import { type LogLine, rowsOfUser } from "./row.ts";
import { createUpload } from "./upload.ts";

/** Lines in a page whose request names no size. */
const defaultPageSize = 50;

/** Characters in a page: with more, it ends before its size is reached. Clients of gRPC refuse 4 MiB by default. */
const maxPageChars = 1_048_576;

/** Before the first line: later than any time, and not `Infinity`, which no database compares with. */
const start = [8_640_000_000_000_000, Number.MAX_SAFE_INTEGER] as const;

/** The caller's log lines, as logs/v1 describes them. Times are kept to the millisecond. */
export function createLogService(queries: LogQueries): ServiceImpl<typeof LogService> {
  return {
    async uploadLogs(requests, context) {
      const { subject: userId } = requirePrincipal(context);
      const { signal } = context;
      // Lines of the same time are listed as they were sent.
      const order = randomUUID();
      const upload = createUpload(async (lines) => {
        await queries.addLogs({ rows: rowsOfUser(userId, lines) }, { signal, order });
        return lines.length;
      });
      try {
        for await (const { entries } of requests) {
          const arrival = new Date();
          await upload.add(entries.map((entry, index) => lineFromEntry(entry, index, arrival)));
        }
        return { logsReceived: BigInt(await upload.finish()) };
      } finally {
        upload.discard();
      }
    },

    async listLogs({ pageSize, pageToken, minSeverity }, context) {
      const { subject: userId } = requirePrincipal(context);
      const [time = start[0], id = start[1]] = positionFromPageToken("logs", pageToken, 2) ?? start;
      const before = { time: new Date(time), id };
      // A position is any integers; a Date ends 275,000 years from 1970.
      if (Number.isNaN(before.time.getTime())) throw refusedPageToken(pageToken);
      const { rows, more } = await queries.listLogs(
        {
          userId,
          before,
          minSeverity,
          limit: pageSize === 0 ? defaultPageSize : pageSize,
          maxSize: maxPageChars,
        },
        { signal: context.signal },
      );
      const last = rows.at(-1);
      const hasMore = more && last !== undefined;
      return {
        entries: rows.map(entryFromRow),
        nextPageToken: hasMore ? pageTokenFromPosition("logs", [last.time.getTime(), last.id]) : "",
      };
    },
  };
}

function lineFromEntry(
  { time, severity, message, attributes }: LogEntry,
  index: number,
  arrival: Date,
): LogLine {
  let size = message.length;
  let hasAttributes = false;
  for (const name in attributes) {
    hasAttributes = true;
    size += name.length + (attributes[name]?.length ?? 0);
  }
  return {
    time: time === undefined ? arrival : dateFromTimestamp(`entries[${index}].time`, time),
    severity,
    message,
    attributes: hasAttributes ? attributes : null,
    size,
  };
}

function entryFromRow(row: LogRow): Answer<LogEntry> {
  return {
    time: timestampFromStored(row.time),
    severity: row.severity,
    message: row.message,
    attributes: row.attributes ?? {},
  };
}
