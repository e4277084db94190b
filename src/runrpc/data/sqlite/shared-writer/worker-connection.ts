import type { Socket } from "node:net";
import type { PendingCall } from "../../call-queue.ts";
import { DataError, type WireError, wireFromError } from "../../data-error.ts";
import { overFrames } from "./frame-socket.ts";
import { encodeFrame } from "./frames.ts";
import { createTopicBox, topicsOf } from "./notice-board.ts";
import {
  answersKind,
  answerWidth,
  backgroundKind,
  callsKind,
  callWidth,
  cancelKind,
  type Hello,
  helloKind,
  isWhole,
  topicsKind,
} from "./protocol.ts";
import { type ListSender, sendList, type Unsendable } from "./send-list.ts";
import { type Caller, WorkerCall } from "./worker-call.ts";

/** A worker process, seen from the process that writes. */
export interface WorkerConnection {
  /** False while it takes no answers. */
  readonly takesAnswers: boolean;
  /** Tells it of a topic, or of all, once a turn. */
  tell(topic: string | undefined): void;
  /** Sends what is left and ends. */
  close(): Promise<void>;
  destroy(reason: Error): void;
}

/** What a connection tells the process that writes. */
export interface WorkerEvents {
  /** Takes a call. @throws DataError when there is no room for it. */
  admit(call: PendingCall): void;
  /** The worker has published a topic; undefined where it may be any. */
  onTopic(topic: string | undefined): void;
  /** It takes answers again, or some of its calls are gone. */
  onChange(): void;
  /** The worker has gone, and its calls with it; `reason` tells what was wrong, where something was. */
  onEnd(reason: Error | undefined): void;
}

/** Serves a worker process until it ends, or says what is not of the protocol. */
export function serveWorker(socket: Socket, hello: Hello, events: WorkerEvents): WorkerConnection {
  const { maxCalls, maxBackgroundCalls, maxFrameBytes } = hello.window;
  const calls = new Map<number, WorkerCall>();
  const topics = createTopicBox();
  let answers: unknown[] = [answersKind];
  let flushing: NodeJS.Immediate | undefined;
  let hasSpoken = false;

  const frames = overFrames(socket, maxFrameBytes, {
    onMessage: take,
    onDrain() {
      flush();
      events.onChange();
    },
    onEnd(reason) {
      clearImmediate(flushing);
      for (const call of calls.values()) call.cancel();
      calls.clear();
      events.onEnd(isLooker(reason) ? undefined : reason);
    },
  });
  frames.send(encodeFrame([helloKind, hello]));

  const caller: Caller = {
    get takesAnswers() {
      return frames.takesFrames;
    },
    answer(id, took, value) {
      calls.delete(id);
      answers.push(id, took, value);
      flushSoon();
    },
  };

  const answerSender: ListSender = {
    width: answerWidth,
    maxFrameBytes,
    send: frames.send,
    fail: (id, problem) => frames.send(encodeFrame([answersKind, id, -1, unsent(problem, maxFrameBytes)])),
  };

  /** Another server that starts on this machine looks whether somebody listens here, and leaves without a word. */
  function isLooker(reason: Error | undefined): boolean {
    return !hasSpoken && reason !== undefined && "syscall" in reason;
  }

  function take(message: readonly unknown[]): void {
    hasSpoken = true;
    const [kind] = message;
    if (kind === callsKind || kind === backgroundKind) takeCalls(message, kind === backgroundKind);
    else if (kind === cancelKind) cancel(message.slice(1));
    else if (kind === topicsKind) for (const topic of topicsOf(message)) events.onTopic(topic);
    else throw new TypeError("a worker process sent a message of an unknown kind");
  }

  function takeCalls(message: readonly unknown[], background: boolean): void {
    if ((message.length - 1) % callWidth !== 0) throw new TypeError("a worker process sent half a call");
    checkWindow((message.length - 1) / callWidth);
    for (let at = 1; at < message.length; at += callWidth) {
      const id = message[at];
      const query = message[at + 1];
      const bytes = message[at + 2];
      if (!isWhole(id) || !isWhole(query) || !isWhole(bytes) || bytes < 0 || calls.has(id))
        throw new TypeError("a worker process sent a call that is none");
      const call = new WorkerCall(caller, { id, query, bytes, input: message[at + 3], background });
      calls.set(id, call);
      try {
        events.admit(call);
      } catch (refusal) {
        call.reject(refusal);
      }
    }
  }

  /** Twice what it may have: what it has cancelled in the meantime it counts no more. */
  function checkWindow(more: number): void {
    const unanswered = calls.size + (answers.length - 1) / answerWidth + more;
    const max = 2 * (maxCalls + maxBackgroundCalls);
    if (unanswered > max)
      throw new RangeError(
        `${unanswered} calls of a worker process are not answered, above the maximum of ${max}`,
      );
  }

  function cancel(ids: readonly unknown[]): void {
    for (const id of ids) {
      if (!isWhole(id)) throw new TypeError("a worker process cancelled what is no call");
      calls.get(id)?.cancel();
      calls.delete(id);
    }
    events.onChange();
  }

  /** All that one turn of the event loop brings goes in one frame. */
  function flushSoon(): void {
    flushing ??= setImmediate(flush);
  }

  function flush(): void {
    clearImmediate(flushing);
    flushing = undefined;
    if (!frames.takesFrames) return;
    const list = answers;
    answers = [answersKind];
    sendList(list, answerSender);
    if (!topics.isEmpty) frames.send(encodeFrame(topics.take()));
  }

  return {
    get takesAnswers() {
      return frames.takesFrames;
    },
    tell(topic) {
      if (topic === undefined) topics.addAll();
      else topics.add(topic);
      flushSoon();
    },
    close() {
      flush();
      return frames.end();
    },
    destroy: frames.destroy,
  };
}

function unsent(problem: Unsendable, maxFrameBytes: number): WireError {
  if ("bytes" in problem) {
    const sentence = `the result of a query takes ${problem.bytes} bytes on its way to the caller, above the maximum of ${maxFrameBytes}`;
    return wireFromError(new DataError("resource_exhausted", `${sentence}: ask for less at a time`));
  }
  const { reason } = problem;
  const text = reason instanceof Error ? reason.message : String(reason);
  return wireFromError(
    new DataError("internal", `the result of a query cannot be sent to the caller: ${text}`),
  );
}
