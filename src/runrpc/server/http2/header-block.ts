import { type Budget, COST } from "./budget.ts";
import { ConnectionError, ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from "./errors.ts";
import { END_HEADERS, HAS_PRIORITY, PADDED, readUint31 } from "./frames.ts";

/** Of a block, in frames: a peer that sends more, and shorter, wants something else than to send headers. */
const MAX_FRAMES = 16;

/** Compression makes blocks shorter than what they unfold to; one above so many times the limit is not even read. */
const MOST_TIMES_LIMIT = 4;

/** A whole header block, and where it lies. */
export interface Block {
  readonly id: number;
  /** Those of HEADERS. */
  readonly flags: number;
  /** The stream depends on itself, which is an error of the stream (RFC 9113, 5.3.1 by way of RFC 7540). */
  readonly dependsOnItself: boolean;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Puts header blocks together: HEADERS, and the CONTINUATIONs that follow. A class: each connection holds one. */
export class HeaderBlock {
  readonly #maxBytes: number;
  readonly #budget: Budget;
  #first: Block | undefined = undefined;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxHeaderBytes: number, budget: Budget) {
    this.#maxBytes = MOST_TIMES_LIMIT * maxHeaderBytes;
    this.#budget = budget;
  }

  /** The stream whose block has begun and not ended; 0: there is none. */
  get id(): number {
    return this.#first?.id ?? 0;
  }

  /** Takes HEADERS. Gives the block if it is whole. */
  begin(flags: number, id: number, bytes: Buffer, at: number, size: number): Block | undefined {
    let start = at;
    let end = at + size;
    let dependsOnItself = false;
    if ((flags & PADDED) !== 0) {
      if (size === 0)
        throw new ConnectionError(FRAME_SIZE_ERROR, "HEADERS without the length of their padding");
      end -= bytes[start++] as number; // within the frame
    }
    if ((flags & HAS_PRIORITY) !== 0) {
      if (end - start < 5) throw new ConnectionError(FRAME_SIZE_ERROR, "HEADERS without their priority");
      dependsOnItself = readUint31(bytes, start) === id;
      start += 5;
    }
    if (end < start) throw new ConnectionError(PROTOCOL_ERROR, "HEADERS with more padding than bytes");
    const block = { id, flags, dependsOnItself, bytes, start, end };
    if ((flags & END_HEADERS) !== 0) return block;
    this.#first = { ...block, bytes: NOTHING }; // the read is not to be held
    this.#add(bytes, start, end);
    return undefined;
  }

  /** Takes CONTINUATION. Gives the block if it is whole. */
  more(flags: number, bytes: Buffer, at: number, size: number): Block | undefined {
    const first = this.#first;
    if (first === undefined) throw new ConnectionError(PROTOCOL_ERROR, "CONTINUATION without HEADERS");
    this.#budget.spend(COST.frame);
    this.#add(bytes, at, at + size);
    if ((flags & END_HEADERS) === 0) return undefined;
    const whole = Buffer.concat(this.#parts, this.#bytes);
    this.#first = undefined;
    this.#parts = [];
    this.#bytes = 0;
    return { ...first, bytes: whole, start: 0, end: whole.length };
  }

  #add(bytes: Buffer, start: number, end: number): void {
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    this.#bytes += end - start;
    if (this.#bytes > this.#maxBytes || this.#parts.length > MAX_FRAMES)
      throw new ConnectionError(
        ENHANCE_YOUR_CALM,
        `a header block of ${this.#bytes} bytes in ${this.#parts.length} frames, and no end of it`,
      );
  }
}

const NOTHING = Buffer.alloc(0);
