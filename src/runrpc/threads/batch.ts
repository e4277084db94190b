import type { Batch } from "./protocol.ts";

/** Gathers what is said in one turn of the event loop, and sends it in one message. */
export interface BatchWriter {
  /** Bytes are copied when they are sent, so that they have to stay as they are until then. */
  say(op: number, call: number, bytes: Uint8Array | undefined, value?: unknown): void;
  /** Sends at once what was said so far. */
  flush(): void;
}

/** The greatest batch, in bytes: what waits is sent before it grows above. */
const MAX_BATCH_BYTES = 1_048_576;

/** What is said in the place of something whose value cannot be cloned. */
export type Instead = (
  op: number,
  call: number,
  value: unknown,
  reason: unknown,
) => readonly [op: number, value: unknown];

/** @param post sends a message, with what is to be transferred. */
export function createBatchWriter(
  post: (batch: Batch, transfer: readonly ArrayBuffer[]) => void,
  instead: Instead,
): BatchWriter {
  let entries: unknown[] = [];
  let parts: Uint8Array[] = [];
  let byteLength = 0;
  let isDue = false;

  function flush(): void {
    if (entries.length === 0) return;
    const said = entries;
    const buffer = byteLength === 0 ? undefined : joined(parts, byteLength);
    entries = [];
    parts = [];
    byteLength = 0;
    const transfer = buffer === undefined ? [] : [buffer.buffer];
    try {
      post([said, buffer], transfer);
    } catch (reason) {
      // What cannot be cloned is the fault of one of them, and all others are to be heard.
      for (let i = 0; i < said.length; i += 4)
        if (!isCloneable(said[i + 3]))
          [said[i], said[i + 3]] = instead(Number(said[i]), Number(said[i + 1]), said[i + 3], reason);
      post([said, buffer], transfer);
    }
  }

  function flushDue(): void {
    isDue = false;
    flush();
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
        setImmediate(flushDue);
      }
    },
    flush,
  };
}

/** Calls `hear` with each thing that a batch says, in order. The bytes are parts of one buffer. */
export function readBatch(
  [entries, buffer]: Batch,
  hear: (op: number, call: number, bytes: Buffer | undefined, value: unknown) => void,
): void {
  let at = 0;
  for (let i = 0; i < entries.length; i += 4) {
    const length = Number(entries[i + 2]);
    let bytes: Buffer | undefined;
    if (length >= 0) {
      bytes = buffer === undefined ? NOTHING : Buffer.from(buffer.buffer, at, length);
      at += length;
    }
    hear(Number(entries[i]), Number(entries[i + 1]), bytes, entries[i + 3]);
  }
}

const NOTHING = Buffer.alloc(0);

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
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
