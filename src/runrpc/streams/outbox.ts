import { Code, ConnectError } from "@connectrpc/connect";

/** What waits to be sent to one caller: many put in, one takes out, and nobody who puts in ever waits. */
export interface Outbox<T extends object> {
  /**
   * Adds an item, unless the outbox has ended. One item above the bound ends it with `resource_exhausted` and drops
   * what it holds: a reader this far behind gets nothing more.
   */
  push(item: T): void;
  /** No more items: the reader gets what is left, then the end. */
  end(): void;
  /** The reader gets this error instead of what is left. The first end counts. */
  fail(reason: unknown): void;
  /** True when nothing can be added any more. */
  readonly ended: boolean;
  /** Resolves when at most half of the bound is taken, or when the outbox has ended: for a source that can wait. */
  half(): Promise<void>;
  /** Items in order, until the end. To be read once. */
  items(): AsyncGenerator<T, void, undefined>;
}

type State = { readonly kind: "open" | "ended" } | { readonly kind: "failed"; readonly reason: unknown };

/** Makes an outbox that holds at most `maxItems`. */
export function createOutbox<T extends object>(maxItems: number): Outbox<T> {
  const half = Math.floor(maxItems / 2);
  let waiting: T[] = [];
  let state: State = { kind: "open" };
  let changed = Promise.withResolvers<void>();

  function change(): void {
    const { resolve } = changed;
    changed = Promise.withResolvers();
    resolve();
  }

  function fail(reason: unknown): void {
    if (state.kind === "failed") return;
    state = { kind: "failed", reason };
    waiting = [];
    change();
  }

  return {
    fail,
    get ended() {
      return state.kind !== "open";
    },
    push(item) {
      if (state.kind !== "open") return;
      waiting.push(item);
      if (waiting.length > maxItems) fail(tooSlow(waiting.length, maxItems));
      else if (waiting.length === 1) change();
    },
    end() {
      if (state.kind !== "open") return;
      state = { kind: "ended" };
      change();
    },
    async half() {
      while (state.kind === "open" && waiting.length > half) await changed.promise;
    },
    async *items() {
      for (;;) {
        const item = waiting.shift();
        if (item !== undefined) {
          if (waiting.length === half) change();
          yield item;
        } else if (state.kind === "open") {
          await changed.promise;
        } else {
          if (state.kind === "failed") throw state.reason;
          return;
        }
      }
    },
  };
}

function tooSlow(waiting: number, maxItems: number): ConnectError {
  return new ConnectError(
    `${waiting} messages wait for this reader, above the maximum of ${maxItems}`,
    Code.ResourceExhausted,
  );
}
