import { constants } from "node:os";

/** A signal that asks the process to end. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Where signals come from: `process`. */
export interface SignalSource {
  on(name: StopSignal, listener: () => void): unknown;
  off(name: StopSignal, listener: () => void): unknown;
}

/** The signals that have come. */
export interface StopSignals {
  /** Resolves with the first one. */
  readonly first: Promise<StopSignal>;
  /** Resolves with the second one: whoever sends it does not want to wait. */
  readonly second: Promise<StopSignal>;
  /** Does as if SIGTERM had come, where no signal has. */
  stop(): void;
  /** Gives the signals their usual meaning back. */
  close(): void;
}

/**
 * How long after the first signal another one of the same name is taken for an echo of it, in milliseconds. A terminal
 * sends Ctrl-C to every process of the foreground group, and `npm start` and our launcher also pass it on to their child.
 */
const echoMs = 300;

/** Listens for SIGINT and SIGTERM until `close`. `now` is in milliseconds. */
export function watchStopSignals(
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): StopSignals {
  const first = Promise.withResolvers<StopSignal>();
  const second = Promise.withResolvers<StopSignal>();
  let seen: { readonly name: StopSignal; readonly at: number } | undefined;
  const take = (name: StopSignal) => {
    if (seen === undefined) {
      seen = { name, at: now() };
      first.resolve(name);
    } else if (seen.name !== name || now() - seen.at > echoMs) {
      second.resolve(name);
    }
  };
  const onInterrupt = () => take("SIGINT");
  const onTerminate = () => take("SIGTERM");
  source.on("SIGINT", onInterrupt);
  source.on("SIGTERM", onTerminate);
  return {
    first: first.promise,
    second: second.promise,
    stop() {
      if (seen === undefined) take("SIGTERM");
    },
    close() {
      source.off("SIGINT", onInterrupt);
      source.off("SIGTERM", onTerminate);
    },
  };
}

/** The exit code of a process that a signal ended: 130 for SIGINT, 143 for SIGTERM. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

/** What takes the place of the process, for tests. */
export interface DrainAtSignalOptions {
  /** Default: `process`. */
  readonly source?: SignalSource | undefined;
  /** Ends the process with an exit code. Default: `process.exit`. */
  readonly end?: ((code: number) => void) | undefined;
}

/**
 * Waits for SIGTERM or SIGINT, drains the server (or whatever else has a `drain`) and gives the signal; a second one ends the
 * process at once. For programs that call `startServer` or `startApp` themselves: `runrpc serve` does so too.
 *
 *     const server = await startServer({ services, keys: "open" });
 *     await drainAtSignal(server);
 */
export async function drainAtSignal(
  server: { drain(): Promise<void> },
  { source = process, end = (code) => process.exit(code) }: DrainAtSignalOptions = {},
): Promise<StopSignal> {
  const signals = watchStopSignals(source);
  void signals.second.then((name) => end(exitCodeOf(name)));
  try {
    const name = await signals.first;
    await server.drain();
    return name;
  } finally {
    signals.close();
  }
}
