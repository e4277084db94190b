import type { CallRecord } from "../../server/call/record.ts";
import type { ServerLog } from "../../server/log.ts";
import type { RequestLogQueries } from "./queries.ts";
import { groupRecords } from "./row.ts";

/** Failed attempts after which a batch is given up. */
const maxAttempts = 3;

/** What is written, and within which bounds. */
export interface RequestLogOptions {
  /** Records that may wait for the table; what comes on top is dropped and counted. */
  readonly maxQueuedRecords: number;
  /** The same in bytes of memory, roughly. Default 67,108,864. */
  readonly maxQueuedBytes?: number | undefined;
  /** Where drops and failures are reported. */
  readonly log: ServerLog;
  /** How long a record waits for company. Default 200. */
  readonly flushAfterMs?: number | undefined;
  /** Records in one insert. Default 1,000. */
  readonly maxBatchRecords?: number | undefined;
}

/** Writes finished calls to the request_log table. */
export interface RequestLogWriter {
  /** Takes a record and returns at once. */
  write(record: CallRecord): void;
  stats(): RequestLogStats;
  /** Writes what waits, and ends. Call it after the last record and before the store closes. Never rejects. */
  close(): Promise<void>;
}

/** Counts since the start, but for `queued`. */
export interface RequestLogStats {
  readonly queued: number;
  readonly written: number;
  /** Records that found no room, or that the table did not take. */
  readonly dropped: number;
}

/** What a record takes beside its texts: the object, its numbers and its date. */
const RECORD_BYTES = 320;

/** The memory of a record, with the texts that a client can make long at two bytes a character. */
function bytesOf({ requestId, service, method, error, request }: CallRecord): number {
  const kept = request === undefined ? 0 : request.json.length + request.note.length;
  return RECORD_BYTES + 2 * (requestId.length + service.length + method.length + error.length + kept);
}

/**
 * Starts a writer. It is never in the way of the calls that it records: one insert at a time, in the background of the
 * store, where it goes only when no other write waits.
 */
export function createRequestLogWriter(
  queries: RequestLogQueries,
  options: RequestLogOptions,
): RequestLogWriter {
  const { maxQueuedRecords, log, flushAfterMs = 200, maxBatchRecords = 1_000 } = options;
  const { maxQueuedBytes = 67_108_864 } = options;
  const queue: CallRecord[] = [];
  let queuedBytes = 0;
  let isFullOfBytes = false; // since the last report
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let closed = false;
  let attempts = 0;
  let written = 0;
  let dropped = 0;
  let reported = 0;

  function schedule(): void {
    if (queue.length >= maxBatchRecords && attempts === 0) void flush();
    else timer ??= setTimeout(flush, flushAfterMs).unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= writeQueue().finally(() => {
      flushing = undefined;
      report();
      if (queue.length > 0 && !closed) schedule();
    });
    return flushing;
  }

  /** Writes until less than a batch is left; at the close, until nothing is. */
  async function writeQueue(): Promise<void> {
    let isWritten: boolean;
    do {
      isWritten = await writeBatch(queue.slice(0, maxBatchRecords));
    } while (queue.length > 0 && (closed || (isWritten && queue.length >= maxBatchRecords)));
  }

  /**
   * Records stay in the queue until they are in the table, so that the bound holds for them as well. A batch that the
   * table does not take is tried again with the next flush, and given up after a few times.
   */
  async function writeBatch(batch: readonly CallRecord[]): Promise<boolean> {
    if (batch.length === 0) return true;
    try {
      await queries.addRequests(groupRecords(batch), { background: true });
    } catch (error) {
      attempts++;
      if (attempts < maxAttempts) return false;
      log.error({ error, records: batch.length }, "the request log cannot be written");
      attempts = 0;
      dropped += batch.length;
      forget(batch);
      return false;
    }
    attempts = 0;
    written += batch.length;
    forget(batch);
    return true;
  }

  function forget(batch: readonly CallRecord[]): void {
    queue.splice(0, batch.length);
    for (const record of batch) queuedBytes -= bytesOf(record);
  }

  function report(): void {
    if (dropped === reported) return;
    const bounds = { maxQueuedRecords, ...(isFullOfBytes ? { maxQueuedBytes } : {}) };
    log.warn({ dropped: dropped - reported, ...bounds }, "records of calls were dropped");
    reported = dropped;
    isFullOfBytes = false;
  }

  return {
    write(record) {
      const bytes = bytesOf(record);
      if (queuedBytes + bytes > maxQueuedBytes) isFullOfBytes = true;
      if (closed || queue.length >= maxQueuedRecords || queuedBytes + bytes > maxQueuedBytes) {
        dropped++;
        return;
      }
      queue.push(record);
      queuedBytes += bytes;
      if (flushing === undefined) schedule();
    },
    stats: () => ({ queued: queue.length, written, dropped }),
    async close() {
      closed = true;
      await flushing;
      while (queue.length > 0) await flush();
      report();
    },
  };
}
