import { type ServiceDefinition, threaded } from "runrpc";
import { ReportService } from "../../../gen/reports/v1/reports_pb.ts";
import type { ReportQueries } from "./queries.ts";

/** Reports over the caller's log lines, as reports/v1 describes them, computed in a thread: other calls go on meanwhile. */
export function createReportService(reports: ReportQueries): ServiceDefinition {
  return threaded(ReportService, new URL("./handlers.ts", import.meta.url), {
    threads: 1,
    queries: { reports },
    codecs: new URL("../../../gen/codecs.ts", import.meta.url),
  });
}
