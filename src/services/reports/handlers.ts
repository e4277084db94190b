// What ReportService does. It runs in threads: `main.ts` names this module, and hands its queries over.
import { gzipSync } from "node:zlib";
import type { ServiceImpl } from "runrpc";
import type { ReportService } from "../../../gen/reports/v1/reports_pb.ts";
import { pagesOf, rangeOf } from "./lines.ts";
import type { ReportLine, ReportQueries } from "./queries.ts";
import { createSummary } from "./summary.ts";

/** The handlers, as reports/v1 describes them. */
export function create({
  queries: { reports },
}: {
  readonly queries: { readonly reports: ReportQueries };
}): ServiceImpl<typeof ReportService> {
  return {
    async summarizeLogs({ attribute, ranks, ...request }, context) {
      const summary = createSummary(attribute);
      for await (const lines of pagesOf(reports, rangeOf(request, context), context.signal))
        summary.add(lines);
      return summary.finish(ranks);
    },

    async *exportLogs(request, context) {
      const range = rangeOf(request, context);
      const total = BigInt(await reports.countLines(range, { signal: context.signal }));
      let lines = 0n;
      for await (const page of pagesOf(reports, range, context.signal)) {
        // Members one after the other are a gzip file too: https://www.rfc-editor.org/rfc/rfc1952#section-2.2
        yield { part: { case: "data", value: gzipSync(page.map(textOf).join("")) } };
        lines += BigInt(page.length);
        yield { part: { case: "progress", value: { lines, total } } };
      }
    },
  };
}

function textOf({ time, severity, message, attributes }: ReportLine): string {
  return `${JSON.stringify({ time, severity, message, ...(attributes === null ? {} : { attributes }) })}\n`;
}
