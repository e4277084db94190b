import { write, writeSync } from "node:fs";

/** Where lines go: a file descriptor that may be slow, full or gone, and never ends or holds up the process. */
export interface LogOutput {
  /** Takes bytes, which must not be changed afterwards. What is above the bound is dropped, and counted. */
  write(bytes: Buffer): void;
  /** Writes what waits before it returns, as far as somebody takes it in `lastWordsMs`. */
  flushSync(): void;
}

/** What was lost. */
export interface LostBytes {
  readonly droppedBytes: number;
  /** The system's error, such as `ENOSPC`; undefined where nobody read for too long. */
  readonly cause: string | undefined;
}

export interface LogOutputOptions {
  /** What may wait, in bytes. */
  readonly maxWaitingBytes: number;
  /** Told of what was lost once the descriptor takes bytes again. */
  readonly onLost: (lost: LostBytes) => void;
  /** How long `flushSync` waits for a slow reader, in milliseconds. Default 1,000. */
  readonly lastWordsMs?: number;
}

/** A pipe that is full is tried again after this, in milliseconds: no event tells that a bare descriptor has room. */
const RETRY_MS = 100;

/**
 * Writes to a descriptor in the order of the calls, one write at a time. A pipe without a reader (EPIPE), a terminal
 * that was closed (EIO), a full disk (ENOSPC) or a closed descriptor (EBADF) loses the bytes that wait, and those that
 * come later are tried again: a disk may have room by then.
 */
export function createLogOutput(fd: number, options: LogOutputOptions): LogOutput {
  const { maxWaitingBytes, onLost, lastWordsMs = 1_000 } = options;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let isBusy = false; // from a write to the end of the queue
  let inKernel: Buffer | undefined;
  let lost: LostBytes = { droppedBytes: 0, cause: undefined };

  function writeNext(): void {
    const [bytes] = waiting;
    isBusy = bytes !== undefined;
    if (bytes === undefined) return;
    inKernel = bytes;
    write(fd, bytes, (error, written) => {
      inKernel = undefined;
      if (error !== null && isFull(error)) {
        setTimeout(writeNext, RETRY_MS).unref();
        return;
      }
      if (error === null) taken(bytes, written);
      else lose(error);
      if (error === null && waiting.length === 0) tell();
      writeNext();
    });
  }

  function taken(bytes: Buffer, written: number): void {
    if (waiting[0] !== bytes) return; // a flush in between has emptied the queue
    waitingBytes -= written;
    if (written === bytes.length) waiting.shift();
    else waiting[0] = bytes.subarray(written);
  }

  function lose({ code }: NodeJS.ErrnoException): void {
    lost = { droppedBytes: lost.droppedBytes + waitingBytes, cause: code };
    waiting = [];
    waitingBytes = 0;
  }

  function tell(): void {
    const told = lost;
    lost = { droppedBytes: 0, cause: undefined };
    if (told.droppedBytes > 0) onLost(told);
  }

  return {
    write(bytes) {
      if (waitingBytes + bytes.length > maxWaitingBytes) {
        lost = { ...lost, droppedBytes: lost.droppedBytes + bytes.length };
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (!isBusy) writeNext();
    },
    flushSync() {
      // What the kernel has already been given, it finishes.
      const bytes = Buffer.concat(waiting.filter((each) => each !== inKernel));
      waiting = [];
      waitingBytes = 0;
      writeWithin(fd, bytes, lastWordsMs);
    },
  };
}

/** Writes until all is written, the time is over or the descriptor is of no use. */
function writeWithin(fd: number, bytes: Buffer, timeMs: number): void {
  const until = performance.now() + timeMs;
  for (let rest = bytes; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (!isFull(error as NodeJS.ErrnoException) || performance.now() >= until) return; // as fs throws
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS / 10);
    }
  }
}

function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === "EAGAIN" || code === "EBUSY";
}
