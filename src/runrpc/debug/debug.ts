import type { Debug as DebugSettings } from "../../../gen/runrpc/config/v1/config_pb.ts";
import type { CallHead } from "../server/call/call.ts";
import { Roster } from "../server/call/roster.ts";
import type { ServerLog } from "../server/log.ts";
import type { ServerWatch } from "../server/watch.ts";
import type { Peers } from "../workers/peers.ts";
import { findingFromBlock, type LongRun } from "./block-finding.ts";
import { createFindings, type Finding, type Findings } from "./finding.ts";
import { followHandlers } from "./follow-handlers.ts";
import { FollowedCall } from "./followed-call.ts";
import { createDebugService } from "./monitor.ts";
import { directPlaceOf, framesOf, placeOf } from "./place.ts";
import { followQueries } from "./queries.ts";
import { watchSyncCalls } from "./sync-calls.ts";
import { startWatchdog, type Watchdog } from "./watchdog/watchdog.ts";

/** Debug mode of one server. */
export interface Debug extends ServerWatch {
  /** The same queries of a store, each of which is looked at. */
  aroundQueries<Q extends object>(queries: Q): Q;
  /** Has its service tell of all processes that serve the port. Default: of this one. */
  tellOfAll(peers: Peers): void;
}

/** Calls that have ended and are still remembered, for a block that is told after them. */
const MAX_ENDED = 64;

/** How long after its end a block is told, in milliseconds, about. */
const SLACK_MS = 50;

/** Between two looks at the readers of open calls, in milliseconds. */
const READERS_MS = 100;

/**
 * Makes debug mode. From here on blocking functions are wrapped, so that it is best made before the code of the services is
 * loaded; the rest begins when its server starts it, and ends with `close`.
 */
export function createDebug({
  blockMs,
  graceMs,
  slowMs,
}: Pick<DebugSettings, "blockMs" | "graceMs" | "slowMs">): Debug {
  const open = new Roster<FollowedCall>();
  const followedBy = new WeakMap<CallHead, FollowedCall>();
  const ownPaths = new Set<string>();
  let findings: Findings | undefined;
  let current: () => CallHead | undefined = () => undefined;
  let watchdog: Watchdog | undefined;
  let readers: NodeJS.Timeout | undefined;
  let longRun: LongRun | undefined;
  let closed: Promise<void> | undefined;

  const report = (finding: Finding): void => {
    if (finding.call === undefined || !ownPaths.has(finding.call.path)) findings?.take(finding);
  };
  const callAtHand = (): FollowedCall | undefined => {
    const head = current();
    return head && followedBy.get(head);
  };
  const lastEnded: FollowedCall[] = [];
  const options = {
    graceMs,
    slowMs,
    report,
    onEnd(call: FollowedCall) {
      open.delete(call);
      if (lastEnded.push(call) > MAX_ENDED) lastEnded.shift();
    },
  };
  /** The call whose handler ran in the last milliseconds, where there was one alone. */
  const onlyCallOf = (ms: number): CallHead | undefined => {
    const fromMs = performance.now() - ms - SLACK_MS;
    const ran = [...open, ...lastEnded].filter(
      ({ handlerAtMs, handlerDoneAtMs, call }) =>
        handlerAtMs !== 0 && (call.handlerRunning || handlerDoneAtMs >= fromMs),
    );
    return ran.length === 1 ? ran[0]?.call.head : undefined;
  };
  const endSyncCalls = watchSyncCalls({
    currentCall: () => current(),
    note: (text) => watchdog?.note(text),
    onCall({ name, call, tookMs, stack, cure }) {
      const { frames } = stack;
      const place = directPlaceOf(frames);
      if (place === undefined) return;
      report({
        kind: "sync_call",
        text: `${name} holds the event loop in a call`,
        cure,
        call,
        place,
        stack: frames,
        tookMs,
        key: name,
      });
    },
  });

  /** Where no call is open nothing is looked at, and nobody is woken. */
  function lookAtReaders(): void {
    for (const call of open) call.lookAtReader(READERS_MS);
    if (open.size > 0) return;
    clearInterval(readers);
    readers = undefined;
  }

  async function close(): Promise<void> {
    clearInterval(readers);
    endSyncCalls();
    await watchdog?.close();
    findings?.close();
  }

  const service = createDebugService({
    findings: () => findings?.all() ?? [],
    openCalls: () => debug.openCalls(),
  });
  const { typeName, methods } = service.definition.service;
  for (const { name } of methods) ownPaths.add(`/${typeName}/${name}`);
  const debug: Debug = {
    services: [service.definition],
    tellOfAll: service.tellOfAll,
    around: (definition) =>
      followHandlers(definition, {
        started: (handler) => callAtHand()?.started(handler),
        streams(iterator) {
          const call = callAtHand();
          if (call !== undefined) call.iterator = iterator;
        },
        ran(tookMs) {
          const head = tookMs * 2 >= blockMs ? current() : undefined;
          if (head !== undefined) longRun = { head, tookMs, atMs: performance.now() };
        },
      }),
    aroundQueries: (queries) => followQueries(queries, callAtHand),
    begun(call) {
      const followed = new FollowedCall(call, options);
      followedBy.set(call.head, followed);
      open.add(followed);
      watchdog?.wake();
      readers ??= setInterval(lookAtReaders, READERS_MS).unref();
      return followed;
    },
    stray(error, call) {
      const stack = framesOf(error instanceof Error ? String(error.stack ?? "") : "");
      report({
        kind: "stray",
        text: `nobody caught: ${error instanceof Error ? error.message : String(error)}`,
        cure: "await the promise, or catch the error where it is thrown",
        call,
        place: placeOf(stack),
        stack,
      });
    },
    async start(currentCall, log: Pick<ServerLog, "warn">) {
      findings = createFindings(log);
      current = currentCall;
      watchdog = await startWatchdog({
        blockMs,
        currentCall() {
          const head = current();
          return head && { path: head.path, requestId: head.requestId };
        },
        onBlock: (block) => report(findingFromBlock(block, blockMs, longRun, onlyCallOf(block.heldMs))),
        onFault: (text) =>
          report({ kind: "watchdog", text: `the watchdog failed and begins again: ${text}`, key: text }),
      });
    },
    close: () => (closed ??= close()),
    counts: () => findings?.counts() ?? {},
    openCalls: () => [...open].map((call) => call.shown()).sort((one, other) => other.ageMs - one.ageMs),
  };
  return debug;
}
