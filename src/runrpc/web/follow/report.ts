import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  GetReportResponse_QuerySchema,
  type GetReportResponseSchema,
} from "../../../../gen/runrpc/web/v1/page_pb.ts";
import { endedCallFromRecord } from "../../monitor/ended-call.ts";
import { partsOf } from "./followed.ts";
import type { Follower } from "./follower.ts";

/**
 * What became of a call in the server, when it has ended.
 *
 * @throws ConnectError `not_found` for a name that no call has given, or none of the last ones
 */
export async function reportOf(
  follower: Follower,
  name: string,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof GetReportResponseSchema>> {
  const followed = follower.find(name);
  if (followed === undefined) throw new ConnectError(`no call is followed as ${name}`, Code.NotFound);
  await followed.whenEnded(signal);
  const { call, admittedAtMs, handlerDoneAtMs, queries, leftOutQueries } = followed;
  const since = (atMs: number): number => (atMs === 0 ? 0 : atMs - call.startedAtMs);
  const endedAtMs = call.startedAtMs + call.durationMs;
  return {
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
  };
}
