/** Header lists above the limits that one session may send at once, and each second after that. */
const BURST = 100;
const PER_SECOND = 10;

/**
 * Counts the requests of one HTTP/2 session whose headers are too large or too many. HPACK writes a header that was sent
 * before in one byte, so that a few bytes on the wire make a list of many: refusing them costs the server far more than
 * it costs the client. A proxy that carries the mistakes of many clients stays below. node:http2 resets lists above
 * twice our limits by itself, and tells nobody of these.
 */
export class HeaderFlood {
  // A class, because a session that sends no such list should pay for two numbers at most.
  #left = BURST;
  #countedAtMs = 0;

  /** Counts one; true when it is one too many. `nowMs` is of a monotonic clock. */
  isFlood(nowMs: number): boolean {
    const earned = ((nowMs - this.#countedAtMs) / 1_000) * PER_SECOND;
    this.#left = Math.min(BURST, this.#left + earned) - 1;
    this.#countedAtMs = nowMs;
    return this.#left < 0;
  }
}
