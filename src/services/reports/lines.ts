import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { dateFromTimestamp, requirePrincipal } from "runrpc";
import type { LogRange, ReportLine, ReportQueries } from "./queries.ts";

/** Lines in one reading: what a thread computes between two looks at its signal. */
const pageLines = 1_000;

/** Before the first line and after the last: the ends of what a Timestamp holds. */
const always = { since: new Date("0001-01-01T00:00:00Z"), until: new Date("9999-12-31T23:59:59.999Z") };

/** The lines that a request asks for, of the caller. @throws ConnectError for a time that is none, or a caller who is not told. */
export function rangeOf(
  request: { readonly since?: Timestamp | undefined; readonly until?: Timestamp | undefined },
  context: HandlerContext,
): LogRange {
  const { subject: userId } = requirePrincipal(context);
  const dateOf = (name: "since" | "until"): Date => {
    const time = request[name];
    return time === undefined ? always[name] : dateFromTimestamp(name, time);
  };
  return { userId, since: dateOf("since"), until: dateOf("until") };
}

/** The lines of a range by pages, the oldest first. It ends with the call. */
export async function* pagesOf(
  queries: ReportQueries,
  range: LogRange,
  signal: AbortSignal,
): AsyncGenerator<readonly ReportLine[]> {
  let { since } = range;
  let afterId = -1;
  for (;;) {
    const lines = await queries.listLines({ ...range, since, afterId, limit: pageLines }, { signal });
    if (lines.length > 0) yield lines;
    const last = lines.at(-1);
    if (last === undefined || lines.length < pageLines) return;
    since = last.time;
    afterId = last.id;
  }
}
