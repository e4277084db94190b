import type { CallQueue, PendingCall } from "../../call-queue.ts";
import { DataError } from "../../data-error.ts";
import type { FrameSocket } from "./frame-socket.ts";
import { backgroundKind, callsKind, callWidth, type Window } from "./protocol.ts";
import { type ListSender, sendList, type Unsendable } from "./send-list.ts";

/** The calls that a worker process has sent to the one that writes, and that have not been answered. */
export interface SentCalls {
  readonly size: number;
  /** Sends of a queue what the window takes. Gives how many calls went: none when there is no room, or none waits. */
  send(queue: CallQueue, isBackground: boolean, frames: FrameSocket, window: Window): number;
  /** Removes a call that has been answered; undefined when it was taken back. */
  answered(id: number): PendingCall | undefined;
  /** The connection has ended: nobody knows what became of them. */
  lose(reason: DataError): void;
}

/** @param cancel tells the other side, by its number, of a call that was taken back. */
export function createSentCalls(cancel: (id: number) => void): SentCalls {
  const calls = new Map<number, PendingCall>();
  const held = { foreground: { calls: 0, bytes: 0 }, background: { calls: 0, bytes: 0 } };
  let lastId = 0;

  function hold(call: PendingCall, factor: 1 | -1): void {
    const counts = held[call.background ? "background" : "foreground"];
    counts.calls += factor;
    counts.bytes += factor * call.bytes;
  }

  function remove(id: number): PendingCall | undefined {
    const call = calls.get(id);
    if (call === undefined) return undefined;
    calls.delete(id);
    hold(call, -1);
    return call;
  }

  function withdraw({ ticket }: PendingCall): void {
    if (remove(ticket) !== undefined) cancel(ticket);
  }

  function senderOver(frames: FrameSocket, maxFrameBytes: number): ListSender {
    return {
      width: callWidth,
      maxFrameBytes,
      send: frames.send,
      fail: (id, problem) => remove(Number(id))?.reject(unsent(problem, maxFrameBytes)),
    };
  }

  return {
    get size() {
      return calls.size;
    },
    send(queue, isBackground, frames, { maxCalls, maxBackgroundCalls, maxBytes, maxFrameBytes }) {
      const counts = held[isBackground ? "background" : "foreground"];
      const room = (isBackground ? maxBackgroundCalls : maxCalls) - counts.calls;
      if (queue.size === 0 || room <= 0 || counts.bytes >= maxBytes || !frames.takesFrames) return 0;
      const taken = queue.take(room, maxBytes - counts.bytes, undefined, counts.calls === 0 ? 1 : 0);
      const list: unknown[] = [isBackground ? backgroundKind : callsKind];
      for (const call of taken) {
        call.ticket = ++lastId;
        call.withdraw = withdraw;
        calls.set(call.ticket, call);
        hold(call, 1);
        list.push(call.ticket, call.query, call.bytes, call.input);
      }
      sendList(list, senderOver(frames, maxFrameBytes));
      return taken.length;
    },
    answered: remove,
    lose(reason) {
      const lost = [...calls.values()];
      for (const call of lost) {
        remove(call.ticket);
        call.reject(
          new DataError(
            "unknown",
            "the process that writes ended, or the connection to it, before it answered this write: look whether it is stored before you repeat it",
            { cause: reason },
          ),
        );
      }
    },
  };
}

function unsent(problem: Unsendable, maxFrameBytes: number): DataError {
  if ("bytes" in problem) {
    const sentence = `the input of a query takes ${problem.bytes} bytes on its way to its worker`;
    return new DataError("resource_exhausted", `${sentence}, above the maximum of ${maxFrameBytes}`);
  }
  const { reason } = problem;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new DataError("invalid_argument", `the input of a query cannot be sent to its worker: ${text}`);
}
