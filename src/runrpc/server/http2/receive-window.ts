import { DEFAULT_WINDOW_BYTES } from "./frames.ts";

/**
 * The connection's window for what its peer sends. It is given back as bytes arrive, whoever reads them: the streams'
 * windows bound what is held, and a stream that nobody reads must not stop the others. A class: each connection holds one.
 */
export class ReceiveWindow {
  readonly #mostBytes: number;
  #leftBytes = DEFAULT_WINDOW_BYTES;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Takes what has come. False: it was more than the peer was allowed. */
  take(bytes: number): boolean {
    this.#leftBytes -= bytes;
    return this.#leftBytes >= 0;
  }

  /** What the peer is to be given now: nothing until half is used up, so that few frames do it. */
  grow(): number {
    if (2 * this.#leftBytes > this.#mostBytes) return 0;
    const bytes = this.#mostBytes - this.#leftBytes;
    this.#leftBytes = this.#mostBytes;
    return bytes;
  }
}
