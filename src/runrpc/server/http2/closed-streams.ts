/** Streams that the peer itself has ended: what comes on one of the last few breaks the rules (RFC 9113, 5.1). */
const ENDED = 16;

/**
 * The ids of streams that are closed, as far back as matters. What comes late on a stream that we have reset is no error,
 * so those are kept for longer than the others: a client may have that many uploads on their way. A class: each connection
 * holds one.
 */
export class ClosedStreams {
  readonly #ended = new Int32Array(ENDED);
  #endedAt = 0;
  readonly #mostResets: number;
  /** Made with the first reset. */
  #resets: Int32Array | undefined = undefined;
  #resetsAt = 0;

  constructor(maxConcurrentStreams: number) {
    this.#mostResets = Math.min(4_096, Math.max(64, 2 * maxConcurrentStreams));
  }

  addEnded(id: number): void {
    this.#ended[this.#endedAt++ % ENDED] = id;
  }

  addReset(id: number): void {
    this.#resets ??= new Int32Array(this.#mostResets);
    this.#resets[this.#resetsAt++ % this.#mostResets] = id;
  }

  hasEnded(id: number): boolean {
    return this.#ended.includes(id);
  }

  wasReset(id: number): boolean {
    return this.#resets?.includes(id) ?? false;
  }
}
