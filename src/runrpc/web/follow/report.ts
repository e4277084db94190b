import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type GetReportResponse,
  GetReportResponse_QuerySchema,
  GetReportResponseSchema,
} from "../../../../gen/runrpc/web/v1/page_pb.ts";
import { endedCallFromRecord } from "../../monitor/ended-call.ts";
import type { Peers } from "../../workers/peers.ts";
import { type Followed, partsOf } from "./followed.ts";
import type { Follower } from "./follower.ts";

/**
 * Tells what became of a call in the server, when it has ended.
 *
 * @throws ConnectError `not_found` for a name that no call has given, or none of the last ones
 */
export type Reports = (name: string, signal: AbortSignal) => Promise<GetReportResponse>;

/** What processes ask each other about for it: who follows a call, and its report. */
const ABOUT = { who: "page follows", report: "page report" } as const;

/** How long another process may take to give a report: as long as the call that asks for it lasts, in milliseconds. */
const REPORT_MS = 60_000;

/** Has others report of the calls of this process as well. */
export function createReports(follower: Pick<Follower, "find">, peers: Peers): Reports {
  peers.answer(ABOUT.who, (name) => (follower.find(name) === undefined ? "" : peers.name));
  peers.answer(ABOUT.report, async (name) => {
    const followed = follower.find(name);
    if (followed === undefined) return "";
    return toJsonString(GetReportResponseSchema, await reportOf(followed, AbortSignal.timeout(REPORT_MS)));
  });

  async function reportFrom(process: string, name: string): Promise<GetReportResponse | undefined> {
    const { answers } = await peers.ask(ABOUT.report, name, { name: process, timeoutMs: REPORT_MS });
    const [text = ""] = answers;
    return text === "" ? undefined : fromJsonString(GetReportResponseSchema, text);
  }

  return async (name, signal) => {
    const followed = follower.find(name);
    if (followed !== undefined) return reportOf(followed, signal);
    const { answers } = await peers.ask(ABOUT.who, name);
    const process = answers.find((answer) => answer !== "");
    const report = process === undefined ? undefined : await reportFrom(process, name);
    if (report === undefined) throw new ConnectError(`no call is followed as ${name}`, Code.NotFound);
    return report;
  };
}

async function reportOf(followed: Followed, signal: AbortSignal): Promise<GetReportResponse> {
  await followed.whenEnded(signal);
  const { call, admittedAtMs, handlerDoneAtMs, queries, leftOutQueries } = followed;
  const since = (atMs: number): number => (atMs === 0 ? 0 : atMs - call.startedAtMs);
  const endedAtMs = call.startedAtMs + call.durationMs;
  return create(GetReportResponseSchema, {
    call: endedCallFromRecord(call.record()),
    admittedMs: since(admittedAtMs),
    handlerDoneMs: since(handlerDoneAtMs),
    queries: queries.map((query) =>
      create(GetReportResponse_QuerySchema, {
        name: query.name,
        atMs: since(query.startedAtMs),
        failed: query.failed || query.endedAtMs === 0,
        ...partsOf(query, endedAtMs),
      }),
    ),
    leftOutQueries,
  });
}
