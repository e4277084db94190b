import { Code, ConnectError } from "@connectrpc/connect";
import { boundedText } from "../bounded-text.ts";
import { type Failure, failureFrom, type MapError } from "../errors.ts";
import { watchStalledReaders } from "../http/stalled-readers.ts";
import { guardLog, type ServerLog } from "../log.ts";
import { follow, isThenable } from "../routes/thenable.ts";
import { Call, type CallHead, type CallOwner } from "./call.ts";
import { createCallScope } from "./call-scope.ts";
import type { CallTrace } from "./call-trace.ts";
import type { CallWatch } from "./call-watch.ts";
import { Deadlines } from "./deadlines.ts";
import { createLoopTurns } from "./loop-turns.ts";
import type { CallRecord } from "./record.ts";
import { Roster } from "./roster.ts";
import { createWallClock } from "./wall-clock.ts";

/** A handler that has not ended this long after its call was cancelled is counted as abandoned, in milliseconds. */
const ABANDONED_AFTER_MS = 1_000;

/** All calls of a server, from their headers to their record. */
export interface Calls {
  begin(head: CallHead): Call;
  stats(): CallStats;
  /** The calls that are open at this moment, in no order. */
  open(): Iterable<Call>;
  /** The call as a part of which the code at hand runs, where that is known. */
  current(): CallHead | undefined;
  /** Cancels what is open. */
  cancelAll(reason: ConnectError): void;
  /** Resolves when no call is open, or when the signal aborts. */
  whenIdle(signal: AbortSignal): Promise<void>;
  /** Writes the records that wait for a handler which does not end. */
  flush(): void;
  /** Ends the watch over the open calls. */
  close(): void;
}

export interface CallStats {
  /** Calls whose response has not ended. */
  readonly open: number;
  /** Those of them that the gate has let in. */
  readonly admitted: number;
  /** Calls that have ended since the start. */
  readonly ended: number;
  /** Handlers that were left behind still running, since the start. */
  readonly abandoned: number;
}

export interface CallsOptions {
  readonly log: ServerLog;
  readonly debug: boolean;
  readonly mapError: MapError;
  /** Default: no records are made. */
  readonly onRecord?: ((record: CallRecord) => void) | undefined;
  /** How long a client may read nothing of what is sent to it, in milliseconds. Default 0: as long as its call has time. */
  readonly writeTimeoutMs?: number;
  /** The system's clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** Follows a call, where it gives what is told of it. Default: nobody does. */
  readonly watch?: ((call: Call) => CallWatch | undefined) | undefined;
  /** Makes a span of each call. Default: nobody does. */
  readonly trace?: ((call: Call) => CallTrace | undefined) | undefined;
  /** Counts each call when it has ended, before its record is written. Default: nobody does. */
  readonly count?: ((call: Call) => void) | undefined;
  /** Gives what is kept of the request of a call that has ended. Default: nothing is kept. */
  readonly requestOf?: ((head: CallHead) => CallRecord["request"]) | undefined;
}

export function createCalls(options: CallsOptions): Calls {
  const { log: ownersLog, debug, mapError, onRecord, writeTimeoutMs = 0, now, watch, trace } = options;
  const { count, requestOf } = options;
  const log = guardLog(ownersLog);
  const open = new Roster<Call>();
  const waiting = new Set<Call>();
  const idle = new Set<() => void>();
  let admitted = 0;
  let ended = 0;
  let abandoned = 0;

  const endWatch = writeTimeoutMs > 0 ? watchStalledReaders(open, writeTimeoutMs) : undefined;
  const scope = createCallScope();
  const owner: CallOwner = {
    deadlines: new Deadlines(),
    turns: createLoopTurns(),
    enter: scope.enter,
    wallClock: createWallClock(now),
    timesFirst: count !== undefined,
    failure(call, reason) {
      const failure = failureFrom(reason, call.head.requestId, mapError);
      if (failure.hidden)
        log.error(
          failureFields(call, reason, failure),
          "a handler failed with an error that is not a ConnectError",
        );
      else if (debug) log.debug(failureFields(call, failure.error, failure), "a call failed");
      return failure.error;
    },
    failedLate(call, reason) {
      if (followsFromCancel(reason, call.error)) return;
      const failure = failureFrom(reason, call.head.requestId, mapError);
      log[failure.hidden ? "error" : "warn"](
        failureFields(call, reason, failure),
        "a handler failed after its call had ended: its client was not told",
      );
    },
    admitted() {
      admitted++;
    },
    ended(call) {
      ended++;
      open.delete(call);
      if (count !== undefined) count(call);
      if (call.admitted) admitted--;
      call.release?.();
      if (call.handlerRunning) waitForHandler(call);
      else write(call);
      if (open.size === 0) for (const resolve of idle) resolve();
    },
  };

  function write(call: Call): void {
    if (onRecord === undefined) return;
    const failed = (reason: unknown): void =>
      log.error({ err: reason, requestId: call.head.requestId }, "the record of a call could not be written");
    try {
      const record = call.record();
      const given: unknown = onRecord(
        requestOf === undefined ? record : { ...record, request: requestOf(call.head) },
      );
      // It should give nothing, and an async function is taken for such a one.
      if (given !== undefined && isThenable(given)) follow(given, nothing, failed);
    } catch (reason) {
      failed(reason);
    }
  }

  function waitForHandler(call: Call): void {
    const timer = setTimeout(() => leave(call), ABANDONED_AFTER_MS).unref();
    waiting.add(call);
    call.onHandlerDone = () => {
      clearTimeout(timer);
      if (waiting.delete(call)) write(call);
    };
  }

  function leave(call: Call): void {
    if (!waiting.delete(call)) return;
    abandoned++;
    const { requestId, path } = call.head;
    log.warn(
      { requestId, path: boundedText(path) },
      "a handler goes on after its call was cancelled: it does not heed its signal",
    );
    write(call);
  }

  return {
    begin(head) {
      const call = new Call(head, owner);
      if (trace !== undefined) call.trace = trace(call);
      if (watch !== undefined) call.watch = watch(call);
      open.add(call);
      return call;
    },
    stats: () => ({ open: open.size, admitted, ended, abandoned }),
    open: () => open,
    current: scope.current,
    cancelAll(reason) {
      for (const call of open) call.cancel("shutdown", reason);
    },
    whenIdle(signal) {
      if (open.size === 0 || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const done = () => {
          idle.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        };
        idle.add(done);
        signal.addEventListener("abort", done);
      });
    },
    flush() {
      for (const call of [...waiting]) leave(call);
    },
    close: () => endWatch?.(),
  };
}

/** What a handler throws because it heeds its signal is no fault: the reason itself, or an AbortError made of it. */
function followsFromCancel(reason: unknown, cancel: ConnectError | undefined): boolean {
  try {
    if (reason === cancel) return true;
    if (reason instanceof ConnectError && reason.code === Code.Canceled) return true;
    return reason instanceof Error && (reason.name === "AbortError" || reason.cause === cancel);
  } catch {
    return false;
  }
}

function nothing(): void {}

function traceFields({ trace }: Call): object {
  return trace === undefined ? {} : { traceId: trace.traceId };
}

function failureFields(call: Call, reason: unknown, failure: Failure): object {
  const { requestId, path, protocol, peer } = call.head;
  const fields = { err: reason, requestId, path: boundedText(path), protocol, peer, ...traceFields(call) };
  return "second" in failure ? { ...fields, second: failure.second } : fields;
}
