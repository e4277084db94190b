import type { Core } from "./core.ts";
import { ENHANCE_YOUR_CALM, SETTINGS_TIMEOUT } from "./errors.ts";
import type { Farewell } from "./farewell.ts";

/** What a clock does to its connection. */
export interface ClockActions {
  /** The peer has broken a rule. */
  fail(code: number, text: string): void;
  /** The peer is gone. */
  destroy(): void;
}

/** What the pings that ask whether the peer is there are filled with. */
const PING_KIND = 0x0a;

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * All times of one connection, by one timer that is set for whichever comes first. What is over in the meantime is found
 * when the timer fires: nothing is started and stopped with each call. A class: each connection holds one.
 */
export class Clocks {
  readonly #core: Core;
  readonly #farewell: Farewell;
  readonly #actions: ClockActions;
  readonly #startedAtMs = performance.now();
  #idleSinceMs = this.#startedAtMs;
  /** 0: every header block that has begun has ended. */
  #blockSinceMs = 0;
  #pingAtMs: number;
  #isPingOpen = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(core: Core, farewell: Farewell, actions: ClockActions) {
    this.#core = core;
    this.#farewell = farewell;
    this.#actions = actions;
    this.#pingAtMs = this.#startedAtMs + core.options.pingIntervalMs;
    this.set();
  }

  /** The last stream has closed. */
  idle(): void {
    this.#idleSinceMs = performance.now();
  }

  /** Whether a header block is open, or a frame that may be one: asked after each read. */
  block(isOpen: boolean): void {
    if (isOpen === this.#blockSinceMs > 0) return;
    this.#blockSinceMs = isOpen ? performance.now() : 0;
    if (isOpen) this.set();
  }

  answered(kind: number): void {
    if (kind === PING_KIND && this.#isPingOpen) {
      this.#isPingOpen = false;
      this.#pingAtMs = performance.now() + this.#core.options.pingIntervalMs;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = Number.NEGATIVE_INFINITY; // no time is before that: it is not set again
  }

  /** Sets the timer for what is due first, where it is not due to fire before. */
  set(): void {
    const next = Math.min(...this.#dues().map(({ atMs }) => atMs));
    if (next >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = next;
    this.#timer = setTimeout(fire, Math.max(1, Math.ceil(next - performance.now())), this);
  }

  /** Does what is due, and sets the timer anew. */
  look(): void {
    if (this.#timerAtMs === Number.NEGATIVE_INFINITY) return;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    for (const { atMs, run } of this.#dues()) if (atMs <= nowMs && !this.#core.isOver) run();
    if (!this.#core.isOver) this.set();
  }

  #dues(): readonly Due[] {
    const core = this.#core;
    const { options } = core;
    const { fail } = this.#actions;
    const dues: Due[] = [];
    const add = (sinceMs: number, afterMs: number, run: () => void): void => {
      dues.push({ atMs: sinceMs + afterMs, run });
    };
    const noSettings = (): void => fail(SETTINGS_TIMEOUT, "no SETTINGS came");
    const notAcknowledged = (): void => fail(SETTINGS_TIMEOUT, "our SETTINGS were not acknowledged");
    const noEnd = (): void => fail(ENHANCE_YOUR_CALM, "a header block does not end");
    const leave = (): void => this.#farewell.begin();
    if (!core.hasPeerSettings) add(this.#startedAtMs, options.firstSettingsTimeoutMs, noSettings);
    if (!core.isAcknowledged) add(this.#startedAtMs, options.settingsTimeoutMs, notAcknowledged);
    if (this.#blockSinceMs > 0) add(this.#blockSinceMs, options.headerBlockTimeoutMs, noEnd);
    if (this.#farewell.dueAtMs > 0) add(this.#farewell.dueAtMs, 0, () => this.#farewell.due());
    if (options.pingIntervalMs > 0) add(this.#pingAtMs, 0, () => this.#ping());
    if (!this.#farewell.hasBegun) {
      // A connection with streams is looked at again after that time, and is not idle before.
      const idleSinceMs = core.streams.size > 0 ? performance.now() : this.#idleSinceMs;
      if (options.idleTimeoutMs > 0) add(idleSinceMs, options.idleTimeoutMs, leave);
    }
    return dues;
  }

  /** Asks whether the peer is there, or finds that it has not answered. */
  #ping(): void {
    if (this.#isPingOpen) {
      this.#actions.destroy();
      return;
    }
    this.#isPingOpen = true;
    this.#core.writePing(PING_KIND);
    this.#pingAtMs = performance.now() + this.#core.options.pingTimeoutMs;
  }
}

/** What arrived while the loop was held is read first: timers come before it, and immediates after. */
function fire(clocks: Clocks): void {
  setImmediate(look, clocks);
}

function look(clocks: Clocks): void {
  clocks.look();
}
