import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { NoticeListener, Notices } from "../notices.ts";
import { type ConnectionOptions, connect, endClient } from "./connection.ts";
import { type Ask, askOneByOne } from "./one-by-one.ts";
import { watchPeers } from "./peers.ts";

/** The channel that all processes on a database listen to. */
const channel = "runrpc";

/** What one notification may hold: the server takes less than 8,000 bytes. */
const maxPayloadBytes = 7_900;

/** A longer topic is not told: others are told of all topics. */
const maxTopicChars = 1_000;

/** Topics that wait for the connection; with more, others are told of all topics. */
const maxWaiting = 10_000;

/** Between an attempt to connect and the next: doubled from the first to the greatest, in milliseconds. */
const retryAfterMs = { first: 50, greatest: 5_000 } as const;

/** Between two looks at who else listens. Of this there is no event: a server tells nobody that a session has ended. */
const lookAfterMs = 2_000;

/** The notices of one store. */
export interface PostgresNotices extends Notices {
  /** A write may have been committed, or may yet be, without its caller knowing, who publishes nothing then. */
  doubt(): void;
  close(): Promise<void>;
}

/**
 * Tells other processes by LISTEN and NOTIFY, over a connection of its own, which is opened when it is first needed, and
 * again whenever it ends. What others told while there was none is lost, so that listeners are told of a gap when there is one again; what this
 * process had to tell meanwhile is told then.
 *
 * A process that is killed between a commit and its notice tells nobody. NOTIFY within the transaction would, at the price of a
 * lock that all committing writers of all databases take one after the other. Instead those that listen look at each other: when
 * one has gone, all are told of a gap, and of another one a look later, for what its backend was about to commit.
 */
export function createNotices(options: ConnectionOptions): PostgresNotices {
  const self = randomUUID();
  const listeners = new Set<NoticeListener>();
  const waiting = new Set<string>();
  const closing = new AbortController();
  let missesSome = false;
  let isInDoubt = false;
  let line: { readonly client: pg.Client; readonly ask: Ask } | undefined;
  let flushing: NodeJS.Immediate | undefined;
  let running: Promise<void> | undefined;

  /** Keeps a connection open until it is closed. */
  async function run(): Promise<void> {
    const { signal } = closing;
    for (let delayMs: number = retryAfterMs.first; !signal.aborted; ) {
      if (await listenUntilEnd()) delayMs = retryAfterMs.first;
      await delay(delayMs, undefined, { signal, ref: false }).catch(() => {});
      delayMs = Math.min(2 * delayMs, retryAfterMs.greatest);
    }
  }

  /** False when there was no connection to listen on. */
  async function listenUntilEnd(): Promise<boolean> {
    let opened: pg.Client | undefined;
    try {
      opened = await connect(options);
      const ended = once(opened, "end");
      ended.catch(() => {}); // an error before LISTEN is told by that
      opened.on("notification", ({ payload = "" }) => hear(payload));
      const ask = askOneByOne(opened);
      await ask({ text: `LISTEN ${channel}` });
      if (closing.signal.aborted) return true;
      line = { client: opened, ask };
      tellGap();
      void flush();
      await Promise.race([ended, lookAtPeers(ask)]);
      return true;
    } catch {
      return line !== undefined;
    } finally {
      line = undefined;
      if (opened !== undefined) await endClient(opened);
    }
  }

  function tellGap(): void {
    for (const listener of listeners) listener.gap();
  }

  /** For as long as the connection is there. Rejects when the server does not answer. */
  async function lookAtPeers(ask: Ask): Promise<void> {
    const { haveSomeGone } = watchPeers(ask, options.name);
    while (line?.ask === ask) {
      const wasInDoubt = isInDoubt;
      isInDoubt = false;
      if (await haveSomeGone()) isInDoubt = true;
      if (wasInDoubt || isInDoubt) tellGap();
      await delay(lookAfterMs, undefined, { signal: closing.signal, ref: false }).catch(() => {});
    }
  }

  function hear(payload: string): void {
    const [sender, ...topics] = topicsOf(payload);
    if (sender === self) return;
    for (const listener of listeners) {
      if (topics.length === 0) listener.gap();
      else for (const topic of topics) listener.heard(topic);
    }
  }

  async function flush(): Promise<void> {
    flushing = undefined;
    if (line === undefined) return;
    const { ask } = line;
    const payloads = missesSome ? [JSON.stringify([self])] : payloadsOf(self, waiting);
    missesSome = false;
    waiting.clear();
    const text = `SELECT pg_notify('${channel}', $1)`;
    const sent = payloads.map((payload) => ask({ name: "notify", text, values: [payload] }));
    await Promise.all(sent).catch(tellAll);
  }

  /** Nobody knows who was told: the next connection tells of all topics. */
  function tellAll(): void {
    missesSome = true;
    flushing ??= setImmediate(flush);
  }

  return {
    publish(topic) {
      running ??= run();
      if (waiting.size < maxWaiting && topic.length <= maxTopicChars) waiting.add(topic);
      else missesSome = true;
      flushing ??= setImmediate(flush);
    },
    listen(listener) {
      running ??= run();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    doubt() {
      isInDoubt = true;
      tellGap();
      tellAll();
    },
    async close() {
      clearImmediate(flushing);
      await flush();
      closing.abort();
      if (line !== undefined) await endClient(line.client);
      await running;
    },
  };
}

/** As few as hold all topics. Each begins with who sends it; one without a topic is of all. */
function payloadsOf(self: string, topics: ReadonlySet<string>): string[] {
  const payloads: string[] = [];
  let group: string[] = [self];
  let bytes = 0;
  for (const topic of topics) {
    const size = Buffer.byteLength(JSON.stringify(topic)) + 1;
    if (bytes + size > maxPayloadBytes - self.length - 4 && group.length > 1) {
      payloads.push(JSON.stringify(group));
      group = [self];
      bytes = 0;
    }
    group.push(topic);
    bytes += size;
  }
  if (group.length > 1) payloads.push(JSON.stringify(group));
  return payloads;
}

/** Nothing that is not ours: then all topics may be meant. */
function topicsOf(payload: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(payload);
    return Array.isArray(read) && read.every((item) => typeof item === "string") ? read : [];
  } catch {
    return [];
  }
}
