import { Code, ConnectError } from "@connectrpc/connect";
import type { Health } from "./builtin/health.ts";
import type { Calls } from "./call/calls.ts";
import type { Gate } from "./gate.ts";
import type { Listener } from "./listener/listen.ts";

/** What takes part in a drain. */
export interface DrainOptions {
  readonly health: Pick<Health, "drain" | "close">;
  readonly listener: Pick<Listener, "retire" | "drain" | "destroy">;
  readonly calls: Pick<Calls, "cancelAll" | "whenIdle" | "flush">;
  readonly gate: Pick<Gate, "close">;
  /** How long everything is still served. */
  readonly drainDelayMs: number;
  /** How long open calls may go on after that. */
  readonly drainTimeoutMs: number;
  /** Another process serves on the same port: health says nothing, and nobody has to look elsewhere first. */
  readonly isReplaced: boolean;
  /** Resolves when nothing is to be waited for any more. */
  readonly cutShort: Promise<void>;
}

/** How long the answers of aborted calls may take to leave, in milliseconds. */
const LAST_WORDS_MS = 2_000;

/**
 * Ends a server in good order. First it only says that it will: a balancer looks at health every few seconds, and sends
 * calls until then. Then connections end, each when what crossed its end has been answered; the gate refuses nobody until
 * the time is over.
 */
export async function drainServer(options: DrainOptions): Promise<void> {
  const { health, listener, calls, gate, drainDelayMs, drainTimeoutMs, isReplaced, cutShort } = options;
  if (!isReplaced) {
    health.drain();
    listener.retire();
    if (drainDelayMs > 0) await withinMs(drainDelayMs, cutShort);
  }
  health.close();
  const ended = listener.drain();
  await withinMs(drainTimeoutMs, Promise.race([ended, cutShort]));
  gate.close();
  calls.cancelAll(new ConnectError("the server is shutting down", Code.Unavailable));
  await calls.whenIdle(AbortSignal.timeout(LAST_WORDS_MS));
  listener.destroy();
  await ended;
  calls.flush();
}

function withinMs(timeMs: number, event: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeMs);
  void event.then(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
