/**
 * What is said between two threads in one turn of an event loop, as bytes: for each thing `op and form, call, number, length`, a
 * word each, then the text and the bytes, up to the next word. Values that are neither numbers nor texts of HTTP stand
 * beside them, and are cloned.
 */
export interface Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly values: readonly unknown[];
}

/** Gathers a batch. */
export interface BatchWriter {
  /** How long it is so far; 0: nothing was said. */
  readonly byteLength: number;
  /** Whether nothing of it has to be cloned. */
  readonly isPlain: boolean;
  /** Whether all of it is in the memory that the writer was made with. */
  readonly isInPlace: boolean;
  /** Bytes are copied. A text has characters of one byte alone. */
  add(op: number, call: number, bytes: Uint8Array | undefined, value: unknown): void;
  /** What was said, in memory that is written over by what is said next. */
  look(): Uint8Array;
  /** What was said, to be given away. */
  take(): Batch;
  clear(): void;
}

/** What the third word of a thing is, and whether bytes follow. */
const form = { nothing: 0, number: 1, text: 2, value: 3, hasBytes: 4 } as const;
const FORM_BITS = 3;
const FORM_MASK = (1 << FORM_BITS) - 1;

const HEAD_WORDS = 4;
const HEAD_BYTES = 4 * HEAD_WORDS;

/** @param place where it writes what has room there, a number of words; it may be shared */
export function createBatchWriter(place: Buffer): BatchWriter {
  let larger: Buffer<ArrayBuffer> | undefined;
  let memory: Buffer = place;
  let words = wordsOf(place);
  let values: unknown[] = [];
  let end = 0;

  function writeTo(next: Buffer): void {
    memory = next;
    words = wordsOf(next);
  }

  function reserve(byteLength: number): void {
    const least = end + byteLength;
    if (least <= memory.length) return;
    const old = memory;
    if (larger === undefined || larger.length < least)
      larger = Buffer.allocUnsafeSlow(Math.max(4 * Math.ceil(least / 4), 2 * old.length));
    writeTo(larger);
    memory.set(old.subarray(0, end));
  }

  function clear(): void {
    end = 0;
    if (values.length > 0) values = [];
    if (memory !== place) writeTo(place);
  }

  return {
    get byteLength() {
      return end;
    },
    get isPlain() {
      return values.length === 0;
    },
    get isInPlace() {
      return memory === place;
    },
    add(op, call, bytes, value) {
      const text = typeof value === "string" ? value : "";
      const length = bytes === undefined ? 0 : bytes.byteLength;
      reserve(HEAD_BYTES + text.length + length + 3);
      const head = end >> 2;
      let kind: number = form.nothing;
      let number = 0;
      if (typeof value === "number") {
        kind = form.number;
        number = value;
      } else if (typeof value === "string") {
        kind = form.text;
        number = text.length;
      } else if (value !== undefined) {
        kind = form.value;
        number = values.push(value) - 1;
      }
      end += HEAD_BYTES;
      if (text !== "") end += memory.latin1Write(text, end);
      if (bytes !== undefined) {
        kind |= form.hasBytes;
        memory.set(bytes, end);
        end += length;
      }
      words[head] = (op << FORM_BITS) | kind;
      words[head + 1] = call;
      words[head + 2] = number;
      words[head + 3] = length;
      end = (end + 3) & ~3;
    },
    look: () => memory.subarray(0, end),
    take() {
      const bytes =
        larger !== undefined && memory === larger
          ? larger.subarray(0, end)
          : new Uint8Array(memory.subarray(0, end));
      if (memory === larger) larger = undefined;
      const batch = { bytes, values };
      clear();
      return batch;
    },
    clear,
  };
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Int32Array {
  return new Int32Array(buffer, byteOffset, length >> 2);
}

/**
 * Calls `hear` with each thing that a batch says, in order. The bytes are parts of the batch's memory.
 *
 * @param from what stands before it, in bytes, was read already
 */
export function readBatch(
  { bytes: { buffer, byteOffset, byteLength }, values }: Batch,
  hear: (op: number, call: number, bytes: Buffer | undefined, value: unknown) => void,
  from = 0,
): void {
  const all = Buffer.from(buffer, byteOffset, byteLength);
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2);
  for (let at = from; at < byteLength; ) {
    const head = at >> 2;
    const first = words[head] ?? 0;
    const number = words[head + 2] ?? 0;
    const length = words[head + 3] ?? 0;
    const kind = first & FORM_MASK & ~form.hasBytes;
    at += HEAD_BYTES;
    let value: unknown;
    if (kind === form.number) value = number;
    else if (kind === form.value) value = values[number];
    else if (kind === form.text) {
      value = all.latin1Slice(at, at + number);
      at += number;
    }
    const hasBytes = (first & form.hasBytes) !== 0;
    hear(
      first >> FORM_BITS,
      words[head + 1] ?? 0,
      hasBytes ? all.subarray(at, at + length) : undefined,
      value,
    );
    at = (at + length + 3) & ~3;
  }
}

/** The values of a batch, those that are no good replaced by others, which are said by another op. */
export function mendBatch(
  { bytes: { buffer, byteOffset, byteLength }, values }: Batch,
  isGood: (value: unknown) => boolean,
  instead: (op: number, call: number, value: unknown) => readonly [op: number, value: unknown],
): readonly unknown[] {
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2);
  const mended = [...values];
  for (let at = 0; at < byteLength; ) {
    const head = at >> 2;
    const first = words[head] ?? 0;
    const number = words[head + 2] ?? 0;
    const kind = first & FORM_MASK & ~form.hasBytes;
    if (kind === form.value && !isGood(values[number])) {
      const [op, value] = instead(first >> FORM_BITS, words[head + 1] ?? 0, values[number]);
      words[head] = (op << FORM_BITS) | (first & FORM_MASK);
      mended[number] = value;
    }
    at = (at + HEAD_BYTES + (kind === form.text ? number : 0) + (words[head + 3] ?? 0) + 3) & ~3;
  }
  return mended;
}
