import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/** Requests that wait for a handler which does not read, and their bytes as JSON, before further ones are refused. */
const MAX_WAITING = 100;
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** The requests of a stream, in the order of their numbers, read once. */
export interface RequestQueue extends AsyncIterable<Message> {
  /**
   * Takes in the request with this number. One that was taken in before changes nothing.
   *
   * @param read makes the message; called where the number is the next one
   * @throws ConnectError `failed_precondition` after the end, `out_of_range` where requests before it are missing,
   *   `resource_exhausted` when too much waits, and what `read` throws.
   */
  add(number: number, bytes: number, read: () => Message): void;
  /** No further request follows. */
  end(number: number): void;
}

/** Hears of each request that the handler is given: its number, and how long it waited for that, in milliseconds. */
export type TakenRequest = (number: number, waitedMs: number) => void;

interface WaitingRequest {
  readonly message: Message;
  readonly bytes: number;
  readonly number: number;
  readonly sinceMs: number;
}

export function createRequestQueue(onTaken: TakenRequest): RequestQueue {
  const waiting: WaitingRequest[] = [];
  let waitingBytes = 0;
  let last = 0;
  let isEnded = false;
  let wake: (() => void) | undefined;

  /** Whether the number is the next one; false where it was taken in before. */
  function isNext(number: number): boolean {
    if (number <= last) return false;
    if (number > last + 1)
      throw new ConnectError(`request ${number} came before request ${last + 1}`, Code.OutOfRange);
    if (isEnded)
      throw new ConnectError(`request ${number} came after the end of the requests`, Code.FailedPrecondition);
    return true;
  }

  function taken(): void {
    last++;
    wake?.();
  }

  return {
    add(number, bytes, read) {
      if (!isNext(number)) return;
      if (waiting.length >= MAX_WAITING || waitingBytes + bytes > MAX_WAITING_BYTES)
        throw new ConnectError(
          `the handler does not read: ${waiting.length} requests of ${waitingBytes} bytes wait for it`,
          Code.ResourceExhausted,
        );
      waiting.push({ message: read(), bytes, number, sinceMs: performance.now() });
      waitingBytes += bytes;
      taken();
    },
    end(number) {
      if (!isNext(number)) return;
      isEnded = true;
      taken();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) {
          waitingBytes -= next.bytes;
          onTaken(next.number, performance.now() - next.sinceMs);
          yield next.message;
        } else if (isEnded) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
