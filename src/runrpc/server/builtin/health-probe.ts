import { type ServerLog, silentLog } from "../log.ts";
import { setPatientTimeout } from "../patient-timeout.ts";

/** The outcome of a probe, shared by all who ask. */
export interface HealthProbe {
  /** The last outcome; false before the first. */
  passes(): boolean;
  /** Waits until the outcome is recent. Rejects with the signal's reason, and for nothing else. */
  refresh(signal: AbortSignal): Promise<void>;
  /** How many watch: while there are any, the probe runs again by itself. */
  watch(count: number): void;
}

/** What is probed, how often, and who is told. */
export interface ProbeOptions {
  /** Tells whether what every service needs, such as the database, is there: rejects when it is not. Default: it is. */
  readonly probe?: (signal: AbortSignal) => Promise<void>;
  /** A probe that takes longer has failed, in milliseconds. Default 2,000. */
  readonly probeTimeoutMs?: number;
  /** How long the outcome of a probe is used again, in milliseconds. Default 1,000. */
  readonly probeCacheMs?: number;
  /** How often the probe runs while there are watchers, in milliseconds. Default 5,000: a remote database that goes away sends no event. */
  readonly watchProbeMs?: number;
  /** Told when the outcome of the probe changes. Default: keeps nothing. */
  readonly log?: ServerLog;
  /** Milliseconds of any clock. Default `Date.now`. */
  readonly now?: () => number;
}

/** Makes a probe that calls `changed` when its outcome is another than before. */
export function createHealthProbe(options: ProbeOptions, changed: () => void): HealthProbe {
  const {
    probe,
    probeTimeoutMs = 2000,
    probeCacheMs = 1000,
    watchProbeMs = 5000,
    log = silentLog,
    now = Date.now,
  } = options;
  if (probe === undefined) return { passes: () => true, refresh: async () => {}, watch() {} };
  const ask = probe;
  let isPassing = false;
  let probedAt: number | undefined;
  let probing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let watching = 0;

  return {
    passes: () => isPassing,
    async refresh(signal) {
      signal.throwIfAborted();
      const ageMs = probedAt === undefined ? Number.POSITIVE_INFINITY : Math.abs(now() - probedAt);
      if (ageMs >= probeCacheMs) await settledOrAborted(run(), signal);
    },
    watch(count) {
      watching = count;
      if (count > 0) arm();
      else {
        clearTimeout(timer);
        timer = undefined;
      }
    },
  };

  function arm(): void {
    timer ??= setTimeout(async () => {
      await run();
      timer = undefined;
      if (watching > 0) arm();
    }, watchProbeMs).unref();
  }

  function run(): Promise<void> {
    probing ??= runOnce().finally(() => {
      probing = undefined;
    });
    return probing;
  }

  async function runOnce(): Promise<void> {
    const outcome = await attempt();
    const isFirst = probedAt === undefined;
    probedAt = now();
    if (outcome.passes === isPassing && !isFirst) return;
    isPassing = outcome.passes;
    if (!outcome.passes) log.error({ err: outcome.error }, "the health probe fails: not serving");
    else if (!isFirst) log.info({}, "the health probe passes again: serving");
    changed();
  }

  async function attempt(): Promise<{ readonly passes: boolean; readonly error?: unknown }> {
    const bound = new AbortController();
    const late = new Error(`the health probe took longer than ${probeTimeoutMs} ms`);
    const timeout = setPatientTimeout(() => bound.abort(late), probeTimeoutMs);
    try {
      await settledOrAborted(Promise.resolve(ask(bound.signal)), bound.signal); // it may only have a `then`
      return { passes: true };
    } catch (error) {
      return { passes: false, error };
    } finally {
      timeout.clear();
    }
  }
}

/** The promise may overlook the signal; the wait for it does not. */
function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  return settled;
}
