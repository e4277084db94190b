/** The span of one call, in a server that makes spans. */
export interface CallTrace {
  /** 32 hexadecimal digits, for log lines. */
  readonly traceId: string;
  /** Runs user code in the context of the span, so that spans which it makes are its children. */
  enter<A, B, R>(run: (a: A, b: B) => R, a: A, b: B): R;
  /** The response has ended, or the client is gone. */
  ended(): void;
}
