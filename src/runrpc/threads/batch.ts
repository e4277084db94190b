import type { Batch } from "./protocol.ts";

/** Gathers what is said in one turn of the event loop, and sends it in one message. */
export interface BatchWriter {
  say(op: number, call: number, bytes: Uint8Array | undefined, value?: unknown): void;
  /** Sends at once what was said so far. */
  flush(): void;
}

/** The greatest batch, in bytes: what waits is sent before it grows above. */
const MAX_BATCH_BYTES = 1_048_576;

/** @param post sends a message, with what is to be transferred. */
export function createBatchWriter(
  post: (batch: Batch, transfer: readonly ArrayBuffer[]) => void,
): BatchWriter {
  let entries: unknown[] = [];
  let parts: Uint8Array[] = [];
  let byteLength = 0;
  let isDue = false;

  function flush(): void {
    isDue = false;
    if (entries.length === 0) return;
    const said = entries;
    const buffer = byteLength === 0 ? undefined : joined(parts, byteLength);
    entries = [];
    parts = [];
    byteLength = 0;
    post([said, buffer], buffer === undefined ? [] : [buffer.buffer]);
  }

  return {
    say(op, call, bytes, value) {
      entries.push(op, call, bytes === undefined ? -1 : bytes.byteLength, value);
      if (bytes !== undefined) {
        parts.push(bytes);
        byteLength += bytes.byteLength;
      }
      if (byteLength > MAX_BATCH_BYTES) flush();
      else if (!isDue) {
        isDue = true;
        setImmediate(flush);
      }
    },
    flush,
  };
}

/** Calls `hear` with each thing that a batch says, in order. */
export function readBatch(
  [entries, buffer]: Batch,
  hear: (op: number, call: number, bytes: Uint8Array | undefined, value: unknown) => void,
): void {
  let at = 0;
  for (let i = 0; i < entries.length; i += 4) {
    const length = Number(entries[i + 2]);
    let bytes: Uint8Array | undefined;
    if (length >= 0) bytes = buffer === undefined ? new Uint8Array() : buffer.subarray(at, at + length);
    at += Math.max(0, length);
    hear(Number(entries[i]), Number(entries[i + 1]), bytes, entries[i + 3]);
  }
}

/** A buffer of its own, that can be given away. */
function joined(parts: readonly Uint8Array[], byteLength: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
