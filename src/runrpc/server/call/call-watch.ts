/** What follows one call: debug mode, or a page that has made it. It is told of each step once, in this order; the second and third may be missing. */
export interface CallWatch {
  /** The gate has let the call in. */
  admitted(): void;
  /** Somebody has looked at its signal, which is made then. */
  signalMade(signal: AbortSignal): void;
  /** User code is done, before the end or after it. */
  handlerDone(): void;
  /** The response has ended, or the client is gone. */
  ended(): void;
}
