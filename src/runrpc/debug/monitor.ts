import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  DebugService,
  FindingSchema,
  ListFindingsResponseSchema,
  ListOpenCallsResponseSchema,
  OpenCallSchema,
  TakeProfileRequest_Kind,
} from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import type { OpenCall } from "../server/call/open-call.ts";
import { defineService, type ServiceDefinition } from "../server/routes/service.ts";
import { alone, type Peers } from "../workers/peers.ts";
import type { CountedFinding } from "./finding.ts";
import { joinFindings } from "./join-findings.ts";
import { placeText } from "./place.ts";
import { createProfiler } from "./profile.ts";

/** What the service tells of. */
export interface DebugServiceParts {
  readonly findings: () => readonly CountedFinding[];
  readonly openCalls: () => readonly OpenCall[];
}

/** The service of debug mode. */
export interface DebugServing {
  readonly definition: ServiceDefinition;
  /** Has it tell of all these processes, and others of this one. */
  tellOfAll(peers: Peers): void;
}

/** What processes ask each other about for it. */
const ABOUT = { findings: "findings", openCalls: "debug open calls" } as const;

/** Makes runrpc.monitor.v1.DebugService, which tells of this process alone at first. */
export function createDebugService({ findings, openCalls }: DebugServiceParts): DebugServing {
  const profiler = createProfiler();
  let peers: Peers;

  function tellOfAll(all: Peers): void {
    peers = all;
    all.answer(ABOUT.findings, () =>
      toJsonString(
        ListFindingsResponseSchema,
        create(ListFindingsResponseSchema, { findings: findings().map(findingMessage) }),
      ),
    );
    all.answer(ABOUT.openCalls, () =>
      toJsonString(
        ListOpenCallsResponseSchema,
        create(ListOpenCallsResponseSchema, { calls: openCalls().map(openCallMessage) }),
      ),
    );
  }
  tellOfAll(alone());

  const definition = defineService(DebugService, {
    async listFindings() {
      const { answers, silent } = await peers.ask(ABOUT.findings, "");
      const lists = answers.map((text) => fromJsonString(ListFindingsResponseSchema, text).findings);
      return { findings: joinFindings(lists), silentWorkers: silent };
    },
    async listOpenCalls() {
      const { answers, silent } = await peers.ask(ABOUT.openCalls, "");
      const calls = answers.flatMap((text) => fromJsonString(ListOpenCallsResponseSchema, text).calls);
      return { calls: calls.sort((one, other) => other.ageMs - one.ageMs), silentWorkers: silent };
    },
    async *takeProfile({ kind, seconds }, { signal }) {
      const pieces =
        kind === TakeProfileRequest_Kind.HEAP
          ? profiler.heap()
          : profiler.cpu((seconds || DEFAULT_SECONDS) * 1_000, signal);
      for await (const piece of pieces) yield { piece };
    },
  });
  return { definition, tellOfAll };
}

function openCallMessage(call: OpenCall) {
  const { messagesIn, messagesOut } = call;
  return create(OpenCallSchema, {
    ...call,
    messagesIn: BigInt(messagesIn),
    messagesOut: BigInt(messagesOut),
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
