import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  DebugService,
  FindingSchema,
  OpenCallSchema,
  TakeProfileRequest_Kind,
} from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import type { OpenCall } from "../server/call/open-call.ts";
import { defineService, type ServiceDefinition } from "../server/routes/service.ts";
import type { CountedFinding } from "./finding.ts";
import { placeText } from "./place.ts";
import { createProfiler } from "./profile.ts";

/** What the service tells of. */
export interface DebugServiceParts {
  readonly findings: () => readonly CountedFinding[];
  readonly openCalls: () => readonly OpenCall[];
}

/** runrpc.monitor.v1.DebugService. */
export function createDebugService({ findings, openCalls }: DebugServiceParts): ServiceDefinition {
  const profiler = createProfiler();
  return defineService(DebugService, {
    listFindings: () => ({ findings: findings().map(findingMessage) }),
    listOpenCalls: () => ({
      calls: openCalls().map((call) =>
        create(OpenCallSchema, {
          ...call,
          messagesIn: BigInt(call.messagesIn),
          messagesOut: BigInt(call.messagesOut),
        }),
      ),
    }),
    async *takeProfile({ kind, seconds }, { signal }) {
      const pieces =
        kind === TakeProfileRequest_Kind.HEAP
          ? profiler.heap()
          : profiler.cpu((seconds || DEFAULT_SECONDS) * 1_000, signal);
      for await (const piece of pieces) yield { piece };
    },
  });
}

const DEFAULT_SECONDS = 5;

/** Frames of a finding that are told. */
const MAX_FRAMES = 20;

function findingMessage({ first, place, count, totalMs, longestMs, firstAt, lastAt }: CountedFinding) {
  return create(FindingSchema, {
    kind: first.kind,
    text: first.text,
    cure: first.cure ?? "",
    place,
    method: first.call?.path.slice(1) ?? "",
    requestId: first.call?.requestId ?? "",
    count: BigInt(count),
    totalMs,
    longestMs,
    firstTime: timestampFromDate(firstAt),
    lastTime: timestampFromDate(lastAt),
    // Native code has no line.
    stack: (first.stack ?? [])
      .filter(({ url }) => url !== "")
      .slice(0, MAX_FRAMES)
      .map(placeText),
  });
}
