import type { Core } from "./core.ts";
import { NO_ERROR } from "./errors.ts";
import { MAX_UINT31 } from "./frames.ts";

/** What the ping of a farewell is filled with. */
const PING_KIND = 0x0e;

/** A peer that does not answer that ping is told the last id all the same, after this. */
const ANSWER_MS = 1_000;

/**
 * The end of a connection in good order (RFC 9113, 6.8). A GOAWAY that names no id tells the peer to open no more
 * streams; those that are on their way still count. When the ping behind it is answered, they have all come, and a
 * second GOAWAY names the last of them. The streams that are open then run to their ends. A connection that has just
 * begun is given a moment for its first stream: its peer would otherwise be told to go before it has come. A class: it
 * is in one of four states.
 */
export class Farewell {
  readonly #core: Core;
  readonly #onOver: () => void;
  readonly #startedAtMs = performance.now();
  #state: "open" | "waiting" | "announced" | "said" = "open";
  /** When the first stream, or the answer, is waited for no longer; 0: neither is. */
  dueAtMs = 0;

  /** @param onOver called when no stream is left. */
  constructor(core: Core, onOver: () => void) {
    this.#core = core;
    this.#onOver = onOver;
  }

  get hasBegun(): boolean {
    return this.#state !== "open";
  }

  begin(): void {
    if (this.#state !== "open" || this.#core.isOver) return;
    const dueAtMs = this.#startedAtMs + this.#core.options.firstStreamMs;
    if (this.#core.lastId > 0 || dueAtMs <= performance.now()) {
      this.#announce();
      return;
    }
    this.#state = "waiting";
    this.dueAtMs = dueAtMs;
  }

  /** A stream has come. */
  opened(): void {
    if (this.#state === "waiting") this.#announce();
  }

  /** What was waited for has not come in time. */
  due(): void {
    if (this.#state === "waiting") this.#announce();
    else this.#finish();
  }

  answered(kind: number): void {
    if (kind === PING_KIND && this.#state === "announced") this.#finish();
  }

  /** No stream is open. */
  emptied(): void {
    if (this.#state === "said" && this.#core.streams.size === 0 && !this.#core.isOver) this.#onOver();
  }

  #announce(): void {
    this.#state = "announced";
    // A peer that has not even sent SETTINGS has no stream on its way.
    if (!this.#core.hasPeerSettings) {
      this.#finish();
      return;
    }
    this.#core.writeGoaway(MAX_UINT31, NO_ERROR, "");
    this.#core.writePing(PING_KIND);
    this.dueAtMs = performance.now() + ANSWER_MS;
  }

  /** Names the last stream. */
  #finish(): void {
    const core = this.#core;
    this.#state = "said";
    this.dueAtMs = 0;
    core.lastTakenId = core.lastId;
    core.writeGoaway(core.lastId, NO_ERROR, "");
    this.emptied();
  }
}
