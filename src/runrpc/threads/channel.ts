import { type Batch, createBatchWriter, mendBatch, readBatch } from "./batch.ts";
import { createRing, RING_BYTES } from "./ring.ts";

/** One side of what two threads say to each other, in order. */
export interface Channel {
  /** Something is said of a call, in one batch with all that is said in this turn. Bytes are copied. */
  say(op: number, call: number, bytes: Uint8Array | undefined, value?: unknown): void;
  /** Sends at once what was said so far. */
  flush(): void;
  /** A message of the other side has come. False: it is none of a channel. */
  take(message: unknown): boolean;
  /** Hears all that has come. False: nothing had. */
  hear(): boolean;
  /** Hears that, and what the other side has said and not sent: it may be held, or have ended. False: there was nothing. */
  hearDraft(): boolean;
  /** Whether the other side can hear what was said and not sent. */
  readonly isDrafted: boolean;
  /** Whether a message is on its way, which `take` is to be given. */
  readonly awaitsMessage: boolean;
  /** This side goes to sleep, and is woken by a message. False: it is to hear first. */
  rest(): boolean;
  /** It hears without being woken, until it rests again. */
  attend(): void;
}

export interface ChannelOptions {
  /** `CHANNEL_BYTES` that both sides see. */
  readonly memory: SharedArrayBuffer;
  readonly side: "main" | "thread";
  /** Sends a message to the other side's `take`, with what is to be transferred. */
  readonly post: (message: unknown, transfer: readonly ArrayBuffer[]) => void;
  readonly hear: (op: number, call: number, bytes: Buffer | undefined, value: unknown) => void;
  /** What is said in the place of something whose value cannot be cloned. */
  readonly instead: (
    op: number,
    call: number,
    value: unknown,
    reason: unknown,
  ) => readonly [op: number, value: unknown];
}

/** The greatest batch, in bytes: what waits is sent before it grows above. */
const MAX_BATCH_BYTES = 1_048_576;

/** Places of what one side writes of itself: whether it hears without being woken, and how many messages it has posted. */
const AWAKE = 0;
const POSTED = 16;
/** The number of the batch that it gathers, and how long that is so far, in bytes, as far as the other side can read it. */
const DRAFT = 32;
const DRAFTED = 33;
const COUNTS_BYTES = 256;
/** What is gathered: as much as is mostly said in a turn. */
const DRAFT_BYTES = 16_384;
const SIDE_BYTES = COUNTS_BYTES + DRAFT_BYTES;

export const CHANNEL_BYTES = 2 * (SIDE_BYTES + RING_BYTES);

/** Wakes the other side. */
const BELL = 0;

/**
 * Batches go through shared memory: a message between threads costs several times as much as a short call. The other side is
 * woken, by an empty message, where it sleeps. A batch that has values to be cloned, and one for which there is no room,
 * is posted as a message; numbers tell where it belongs.
 *
 * A batch is gathered in shared memory as well, so that nothing is lost or late where its side is held or ended before it was
 * sent. The other side reads that draft while it may be written: it grows at its end alone, and when it was sent, its number
 * changes before its memory is used again.
 */
export function createChannel({ memory, side, post, hear, instead }: ChannelOptions): Channel {
  const isMain = side === "main";
  const [here, there] = isMain ? [0, 1] : [1, 0];
  const ours = new Int32Array(memory, here * SIDE_BYTES, COUNTS_BYTES / 4);
  const theirs = new Int32Array(memory, there * SIDE_BYTES, COUNTS_BYTES / 4);
  const theirDraft = new Uint8Array(memory, there * SIDE_BYTES + COUNTS_BYTES, DRAFT_BYTES);
  const output = createRing(memory, 2 * SIDE_BYTES + here * RING_BYTES);
  const input = createRing(memory, 2 * SIDE_BYTES + there * RING_BYTES);
  const writer = createBatchWriter(Buffer.from(memory, here * SIDE_BYTES + COUNTS_BYTES, DRAFT_BYTES));
  const posted = new Map<number, Batch>();
  let taken = 0;
  let sent = 0;
  let heard = 0;
  /** Of the batch that is to be heard next, in bytes. */
  let heardOfDraft = 0;
  let isDue = false;

  const isDrafted = (): boolean => writer.isInPlace && writer.isPlain;

  function flush(): void {
    if (writer.byteLength === 0) return;
    if (writer.isPlain && output.write(sent, writer.look())) {
      writer.clear();
      beginDraft();
      if (Atomics.exchange(theirs, AWAKE, 1) === 0) post(BELL, []);
      return;
    }
    const batch = writer.take();
    postBatch(sent, batch);
    beginDraft();
  }

  function beginDraft(): void {
    sent = (sent + 1) | 0;
    Atomics.store(ours, DRAFTED, 0);
    Atomics.store(ours, DRAFT, sent);
  }

  function postBatch(number: number, batch: Batch): void {
    Atomics.add(ours, POSTED, 1);
    const transfer = [batch.bytes.buffer];
    try {
      post([number, batch.bytes, batch.values], transfer);
    } catch (reason) {
      // What cannot be cloned is the fault of one of them, and all others are to be heard.
      const values = mendBatch(batch, isCloneable, (op, call, value) => instead(op, call, value, reason));
      post([number, batch.bytes, values], transfer);
    }
  }

  function flushDue(): void {
    isDue = false;
    flush();
  }

  function next(): Batch | undefined {
    const batch = posted.get(heard);
    if (batch !== undefined) {
      posted.delete(heard);
      return batch;
    }
    const bytes = input.read(heard);
    return bytes && { bytes, values: NONE };
  }

  function hearSent(): boolean {
    for (let hasHeard = false; ; hasHeard = true) {
      const batch = next();
      if (batch === undefined) return hasHeard;
      const from = heardOfDraft;
      heardOfDraft = 0;
      heard = (heard + 1) | 0;
      readBatch(batch, hear, from);
    }
  }

  /** What is new in the draft of the other side; undefined where there is nothing, or its number is not the next one. */
  function readDraft(): Uint8Array<ArrayBuffer> | undefined {
    const isNext = (): boolean => Atomics.compareExchange(theirs, DRAFT, heard, heard) === heard;
    if (!isNext()) return undefined;
    const length = Atomics.load(theirs, DRAFTED);
    if (length <= heardOfDraft) return undefined;
    const bytes = new Uint8Array(theirDraft.subarray(heardOfDraft, length));
    // Sent meanwhile, it comes as all others do.
    if (!isNext()) return undefined;
    heardOfDraft = length;
    return bytes;
  }

  return {
    say(op, call, bytes, value) {
      writer.add(op, call, bytes, value);
      if (isDrafted()) Atomics.store(ours, DRAFTED, writer.byteLength);
      if (writer.byteLength > MAX_BATCH_BYTES) flush();
      else if (!isDue) {
        isDue = true;
        setImmediate(flushDue);
      }
    },
    flush,
    take(message) {
      if (message === BELL) return true;
      if (!Array.isArray(message)) return false;
      const [number, bytes, values] = message as [number, Batch["bytes"], unknown[]]; // as postBatch writes it
      taken = (taken + 1) | 0;
      posted.set(number, { bytes, values });
      return true;
    },
    hear: hearSent,
    hearDraft() {
      const hasHeard = hearSent();
      const bytes = readDraft();
      if (bytes === undefined) return hasHeard;
      readBatch({ bytes, values: NONE }, hear);
      return true;
    },
    get isDrafted() {
      return isDrafted();
    },
    get awaitsMessage() {
      return Atomics.load(theirs, POSTED) !== taken;
    },
    rest() {
      Atomics.store(ours, AWAKE, 0);
      if (input.isEmpty || Atomics.load(theirs, POSTED) !== taken) return true;
      Atomics.store(ours, AWAKE, 1);
      return false;
    },
    attend: () => void Atomics.store(ours, AWAKE, 1),
  };
}

const NONE: readonly unknown[] = [];

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
