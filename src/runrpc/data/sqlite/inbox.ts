import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { type Batch, callsIn, openBatch } from "./batch.ts";
import type { Arrivals } from "./gather-writes.ts";
import { type FromWorker, postedAt, type ToWorker, type WorkerSetup } from "./thread-protocol.ts";

/** What the main thread sends, in its order. */
export interface Inbox extends Arrivals {
  /** Takes the next one, as a batch unless it is the word to close; undefined when there is none. */
  next(): Batch | "close" | undefined;
  /** Calls `read` when something has come. */
  onMessage(read: () => void): void;
}

/** Makes the inbox of a worker. `post` sends to the main thread. */
export function createInbox(
  port: MessagePort,
  { tickets: memory, maxBatchCalls }: Pick<WorkerSetup, "tickets" | "maxBatchCalls">,
  post: (message: FromWorker) => void,
): Inbox {
  const tickets = new Int32Array(memory);
  const posted = postedAt(maxBatchCalls);
  const messages: ToWorker[] = [];
  let received = 0;

  function receive(message: ToWorker): void {
    if (message !== "close") received = (received + 1) | 0;
    messages.push(message);
  }

  function isAtPort(): boolean {
    return ((Atomics.load(tickets, posted) - received) | 0) > 0;
  }

  function open(message: readonly unknown[]): Batch {
    messages.shift();
    return openBatch(message, tickets, maxBatchCalls, post);
  }

  return {
    isThere: () => messages.length > 0 || isAtPort(),
    take(maxCalls) {
      if (messages.length === 0 && isAtPort()) {
        const atPort = receiveMessageOnPort(port);
        if (atPort !== undefined) receive(atPort.message);
      }
      const [message] = messages;
      const fits = message !== undefined && message !== "close" && callsIn(message) <= maxCalls;
      return fits ? open(message) : undefined;
    },
    wait: (maxMs) => Atomics.wait(tickets, posted, received, maxMs) !== "timed-out",
    next() {
      const [message] = messages;
      return message === undefined || message === "close" ? message : open(message);
    },
    onMessage(read) {
      port.on("message", (message: ToWorker) => {
        receive(message);
        read();
      });
    },
  };
}
