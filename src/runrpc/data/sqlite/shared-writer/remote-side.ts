import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type PendingCall, startCall } from "../../call-queue.ts";
import { DataError, errorFromWire, type WireError } from "../../data-error.ts";
import type { Notices } from "../../notices.ts";
import type { Shared, Side } from "../side.ts";
import { createSideCounts } from "../side-counts.ts";
import type { ResolvedSqliteOptions } from "../store-options.ts";
import { msFromTook, type Ready } from "../thread-protocol.ts";
import { createWaitingCalls } from "../waiting-calls.ts";
import type { FrameSocket } from "./frame-socket.ts";
import { encodeFrame } from "./frames.ts";
import { createNoticeBoard, createTopicBox, topicsOf } from "./notice-board.ts";
import { answersKind, answerWidth, cancelKind, topicsKind, type Window } from "./protocol.ts";
import { createSentCalls } from "./sent-calls.ts";
import { connectToWriter } from "./writer-link.ts";

/** How long to wait before another try when the writer could not be reached: doubled up to the second, in milliseconds. */
const retryAfterMs = { first: 100, greatest: 5_000 } as const;

/** The side that writes, of a process whose writes another one does; and what the two tell each other besides. */
export interface RemoteSide extends Side {
  readonly notices: Notices;
}

/**
 * Makes the side that writes through the process that listens at `path`. Calls wait here, in queues of the usual bounds,
 * until the other process has room for them. When the connection breaks, the calls that were sent fail with `unknown`, as
 * nobody knows whether they are stored; those that wait go when there is one again, and fail with `unavailable` when there
 * is nobody to connect to. Notices may have been lost then, so that listeners are told of a gap.
 */
export function createRemoteSide(path: string, options: ResolvedSqliteOptions, shared: Shared): RemoteSide {
  const waiting = createWaitingCalls("write", options, shared.bytes, false);
  const counts = createSideCounts(options.maxQueuedWrites);
  const closing = new AbortController();
  const topics = createTopicBox();
  const board = createNoticeBoard((topic) => {
    topics.add(topic);
    flushSoon();
  });
  const sent = createSentCalls((id) => {
    cancelled.push(id);
    flushSoon();
  });
  let cancelled: number[] = [];
  let known: Ready | undefined;
  let link: { readonly frames: FrameSocket; readonly window: Window } | undefined;
  let reconnected = 0;
  let isFlushing = false;
  let drained: PromiseWithResolvers<void> | undefined;
  let closed: Promise<void> | undefined;

  /** Resolves with what the writer says of itself. */
  function connect(): Promise<Ready> {
    const opened = Promise.withResolvers<Ready>();
    const frames = connectToWriter(path, {
      onHello({ ready, window }) {
        if (closing.signal.aborted) throw new DataError("unavailable", "the store is closed");
        checkSame(known, ready);
        known = ready;
        link = { frames, window };
        opened.resolve(ready);
        flushSoon();
      },
      onMessage: take,
      onDrain: flushSoon,
      onEnd(reason) {
        opened.reject(reason);
        if (link?.frames === frames) lose(reason);
      },
    });
    return opened.promise;
  }

  function lose(reason: DataError): void {
    link = undefined;
    cancelled = [];
    sent.lose(reason);
    if (closing.signal.aborted) return;
    shared.trouble.tell("write", { worked: false, error: reason });
    topics.addAll();
    reconnected += 1;
    void reconnect();
  }

  async function reconnect(): Promise<void> {
    const { signal } = closing;
    for (let delayMs: number = retryAfterMs.first; !signal.aborted; ) {
      try {
        await connect();
        board.hear(undefined);
        return;
      } catch (reason) {
        for (const call of waiting.takeAll()) call.reject(reason);
        flushSoon();
      }
      await delay(delayMs, undefined, { signal, ref: false }).catch(() => {});
      delayMs = Math.min(2 * delayMs, retryAfterMs.greatest);
    }
  }

  function take(message: readonly unknown[]): void {
    const [kind] = message;
    if (kind === answersKind) takeAnswers(message);
    else if (kind === topicsKind) for (const topic of topicsOf(message)) board.hear(topic);
    else throw new TypeError("the process that writes sent a message of an unknown kind");
  }

  function takeAnswers(answers: readonly unknown[]): void {
    let worked = false;
    let lastError: DataError | undefined;
    for (let at = 1; at < answers.length; at += answerWidth) {
      const call = sent.answered(Number(answers[at]));
      if (call === undefined) continue;
      const took = Number(answers[at + 1]);
      call.onRan?.(msFromTook(took));
      if (took > 0) {
        worked = true;
        call.resolve(answers[at + 2]);
      } else {
        lastError = errorFromWire(answers[at + 2] as WireError); // As the other side writes it.
        call.reject(lastError);
      }
    }
    shared.trouble.tell("write", { worked, error: lastError });
    flushSoon();
  }

  /** All that one turn of the event loop brings goes together: the immediate runs after it. */
  function flushSoon(): void {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  }

  function flush(): void {
    isFlushing = false;
    if (link?.frames.takesFrames) flushTo(link.frames, link.window);
    if (drained !== undefined && waiting.size + sent.size === 0) drained.resolve();
  }

  function flushTo(frames: FrameSocket, window: Window): void {
    if (cancelled.length > 0) frames.send(encodeFrame([cancelKind, ...cancelled]));
    cancelled = [];
    const { foreground, background } = waiting;
    for (const queue of [foreground, background]) {
      const isBackground = queue === background;
      if (isBackground && foreground.size > 0) break;
      const calls = sent.send(queue, isBackground, frames, window);
      if (calls > 0) counts.sent(calls);
    }
    if (!topics.isEmpty) frames.send(encodeFrame(topics.take()));
  }

  function admit(call: PendingCall): void {
    if (drained !== undefined) throw new DataError("unavailable", "the store is closed");
    waiting.add(call);
    flushSoon();
  }

  function drain(): Promise<void> {
    drained ??= Promise.withResolvers();
    flushSoon();
    return drained.promise;
  }

  async function finish(): Promise<void> {
    await drain();
    closing.abort();
    await link?.frames.end();
  }

  return {
    notices: board,
    start: async () => asFound(await connect()),
    call: (query, input, callOptions) => startCall(query, input, callOptions, waiting.maxInputBytes, admit),
    stats: () => ({
      queued: waiting.size,
      inFlight: sent.size,
      ...counts.read(),
      workersReplaced: reconnected,
    }),
    drain,
    close() {
      closed ??= finish();
      return closed;
    },
  };
}

/** Throws when another writer than the one that is known has taken its place. */
function checkSame(known: Ready | undefined, { identity, manifest }: Ready): void {
  if (known === undefined) return;
  if (known.identity === identity && isDeepStrictEqual(known.manifest, manifest)) return;
  throw new DataError(
    "failed_precondition",
    "the process that writes has another database, or other queries, than it had: start this process again",
  );
}

/** What the writer has made of the database, as this process finds it. */
function asFound({ migrations: { present, applied, ...rest }, ...ready }: Ready): Ready {
  return {
    ...ready,
    migrations: { ...rest, created: false, applied: [], present: [...present, ...applied] },
  };
}
