import { ConnectionError, ENHANCE_YOUR_CALM } from "./errors.ts";

export interface BudgetOptions {
  /** What a peer may spend at once. */
  readonly budgetBurst: number;
  /** What it is given back each second. */
  readonly budgetPerSecond: number;
}

/**
 * The price of what costs us work and brings the peer's calls nothing, in units of one cheap frame. Each is small
 * enough for what real clients do: grpc-go pings with each batch of data that it takes, Chromium sends PRIORITY, and a
 * client whose calls all run into their deadlines resets each of them.
 */
export const COST = {
  /** SETTINGS, PING, PRIORITY, GOAWAY, CONTINUATION, a frame of an unknown type, DATA without a byte. */
  frame: 1,
  /** RST_STREAM: rapid reset (CVE-2023-44487). */
  reset: 1,
  /** What we must reset because the peer broke a rule: MadeYouReset (CVE-2025-8671), refused streams among it. */
  fault: 1,
  /** A request above the limits on headers, whose block was decoded in vain. */
  tooLarge: 4,
  /** WINDOW_UPDATE, which real clients send with most of what they take. */
  windowUpdate: 0.05,
  /** WINDOW_UPDATE that lets out a few bytes of a waiting response. */
  smallWindowUpdate: 0.5,
  /** A frame that was on its way when its stream was reset. */
  late: 0.05,
  /** Each header byte after decompression: a request at the default limit costs as much as a frame. */
  headerByte: 1 / 16_384,
} as const;

/** What is earned: a turn in which the peer was sent DATA, and a call that ran to its end. */
export const EARNED = 1;

/**
 * Bounds the work of a connection that is not for calls. What a peer spends comes back with time and with the calls that
 * it makes; a peer whose budget is used up has its connection ended. A class: each connection holds one.
 */
export class Budget {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  /** When time was last given back. */
  #atMs: number;

  constructor({ budgetBurst, budgetPerSecond }: BudgetOptions) {
    this.#burst = budgetBurst;
    this.#perMs = budgetPerSecond / 1_000;
    this.#left = budgetBurst;
    this.#atMs = performance.now();
  }

  /** @throws ConnectionError ENHANCE_YOUR_CALM when nothing is left. */
  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left >= 0) return;
    const nowMs = performance.now(); // asked for only when the budget is used up
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#left < 0) throw new ConnectionError(ENHANCE_YOUR_CALM, "too many frames that serve no call");
  }

  earn(): void {
    if (this.#left < this.#burst) this.#left = Math.min(this.#burst, this.#left + EARNED);
  }
}
