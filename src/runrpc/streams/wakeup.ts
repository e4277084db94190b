/** Wakes the streams of a topic when something was written to it. */
export interface Wakeups {
  /** Call it after the write is acknowledged. Costs next to nothing when nobody waits. */
  notify(topic: string): void;
  /** There may be something new under every topic. */
  notifyAll(): void;
  /** Joins a topic. Its `leave` must be called, once, when the stream ends. */
  join(topic: string): Subscription;
  /** Streams that wait, in all topics. */
  readonly waiting: number;
}

/** One stream's place in a topic. */
export interface Subscription {
  /**
   * Grows with each `notify`. Take it BEFORE reading: what is written between the reading and the waiting has then
   * changed it, and `waitPast` returns at once.
   */
  readonly version: number;
  /** Resolves when the version is no longer `version`. Rejects with the signal's reason; leaves nothing behind. */
  waitPast(version: number, signal: AbortSignal): Promise<void>;
  leave(): void;
}

interface Topic {
  version: number;
  members: number;
  readonly waiters: Set<() => void>;
}

/** Makes the wake-ups of one process: a topic is kept only while somebody is in it. */
export function createWakeups(): Wakeups {
  const topics = new Map<string, Topic>();
  // One count for all topics, so that a topic that is left and joined again never repeats a version.
  let writes = 0;

  function join(name: string): Subscription {
    const topic = topics.get(name) ?? { version: writes, members: 0, waiters: new Set() };
    topics.set(name, topic);
    topic.members++;
    return {
      get version() {
        return topic.version;
      },
      waitPast: (version, signal) => waitPast(topic, version, signal),
      leave() {
        topic.members--;
        if (topic.members === 0) topics.delete(name);
      },
    };
  }

  function notify(name: string): void {
    writes++;
    const topic = topics.get(name);
    if (topic !== undefined) wakeAllOf(topic);
  }

  function wakeAllOf(topic: Topic): void {
    topic.version = writes;
    const woken = [...topic.waiters];
    topic.waiters.clear();
    for (const wake of woken) wake();
  }

  return {
    join,
    notify,
    notifyAll() {
      writes++;
      for (const topic of topics.values()) wakeAllOf(topic);
    },
    get waiting() {
      let waiting = 0;
      for (const { waiters } of topics.values()) waiting += waiters.size;
      return waiting;
    },
  };
}

function waitPast(topic: Topic, version: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (topic.version !== version) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    };
    const onAbort = (): void => {
      topic.waiters.delete(wake);
      reject(signal.reason);
    };
    topic.waiters.add(wake);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
