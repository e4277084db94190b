import type { ServerLog } from "../log.ts";
import { setPatientTimeout } from "../patient-timeout.ts";
import type { KeyStore, StoredKey } from "./key-store.ts";
import type { Principal } from "./principal.ts";
import { createReadable } from "./readable-keys.ts";

/** What the store said of one key id, and when it was asked. */
export interface Lease {
  readonly keyId: string;
  /** Undefined: there is no such key. */
  readonly stored: StoredKey | undefined;
  /** Made once for each lease and handed to each call under it. Undefined where `stored` is. */
  readonly principal: Principal | undefined;
  /** When the question was sent, so that a slow answer does not lengthen the trust. */
  readonly askedAt: number;
}

export interface Leases {
  /** The last answer for this id, fresh or not. */
  get(keyId: string): Lease | undefined;
  /** True while an answer may be used without asking again. */
  isFresh(lease: Lease, now: number): boolean;
  /** True in the second half of a lease: asking then keeps a busy key fresh without a call that waits. */
  isDue(lease: Lease, now: number): boolean;
  /** Asks the store. Callers for one id share one question; ids of one tick travel together. Rejects with the store's error. */
  renew(keyId: string): Promise<Lease>;
  /** Gives up all questions under way. */
  close(): void;
}

export interface LeaseOptions {
  readonly keys: KeyStore;
  readonly keyLeaseMs: number;
  readonly now: () => number;
  readonly log: ServerLog;
  /** Called for each answer. */
  readonly onLease: (lease: Lease) => void;
  /** Answers kept for keys that exist, and as many again for ids that do not. Default 20,000 (about 10 MB each). */
  readonly maxLeases?: number;
  /** How long the store may take, in milliseconds. Default 5,000. */
  readonly lookupTimeoutMs?: number;
}

interface Question {
  readonly ids: string[];
  askedAt: number;
  readonly answer: Promise<ReadonlyMap<string, Lease>>;
}

/** Ids in one `find()`: well below what a database takes as parameters of one statement. */
const MAX_IDS_PER_FIND = 1000;
/** Ids under way at one time; past it a caller is rejected at once. */
const MAX_PENDING = 50_000;

/**
 * Keeps what the store said of keys for `keyLeaseMs`. Unknown ids are kept apart from known keys, so that a
 * client that invents ids cannot push out the keys in use. The oldest answer goes first.
 */
export function createLeases(options: LeaseOptions): Leases {
  const { keys, keyLeaseMs, now, log, onLease, maxLeases = 20_000, lookupTimeoutMs = 5000 } = options;
  const known = new Map<string, Lease>();
  const unknown = new Map<string, Lease>();
  const pending = new Map<string, Question>();
  const lookups = new Set<AbortController>();
  const closing = new Error("the server is closing");
  const isReadable = createReadable(log);
  let isClosed = false;
  let gathering: Question | undefined;
  let isFailing = false;

  return {
    get: (keyId) => known.get(keyId) ?? unknown.get(keyId),
    isFresh: (lease, time) => isWithin(time - lease.askedAt, keyLeaseMs),
    isDue: (lease, time) => !isWithin(time - lease.askedAt, keyLeaseMs / 2),
    async renew(keyId) {
      const question = questionFor(keyId);
      const leases = await question.answer;
      return leases.get(keyId) ?? leaseOf(keyId, undefined, question.askedAt);
    },
    close() {
      isClosed = true;
      for (const lookup of lookups) lookup.abort(closing);
    },
  };

  function questionFor(keyId: string): Question {
    const open = pending.get(keyId);
    // An old question may carry an answer from before this call's lease began: ask again rather than join it.
    if (open !== undefined && isWithin(now() - open.askedAt, keyLeaseMs)) return open;
    if (isClosed) throw closing;
    if (pending.size >= MAX_PENDING) throw new Error(`${MAX_PENDING} keys wait to be looked up`);
    gathering ??= gather();
    gathering.ids.push(keyId);
    pending.set(keyId, gathering);
    return gathering;
  }

  /** Opens a question that is sent at the end of this tick. */
  function gather(): Question {
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    const question: Question = { ids: [], askedAt: now(), answer: promise.then(() => ask(question)) };
    return question;
  }

  async function ask(question: Question): Promise<ReadonlyMap<string, Lease>> {
    gathering = undefined;
    question.askedAt = now();
    try {
      if (isClosed) throw closing;
      const leases = await find(question);
      if (isFailing) log.info({}, "the key store answers again");
      isFailing = false;
      for (const lease of leases.values()) keep(lease);
      return leases;
    } catch (error) {
      // Once for each outage, not for each call; at close it is no outage.
      if (!isFailing && !isClosed) log.error({ err: error }, "the key store does not answer");
      isFailing = true;
      throw error;
    } finally {
      for (const keyId of question.ids) if (pending.get(keyId) === question) pending.delete(keyId);
    }
  }

  async function find({ ids, askedAt }: Question): Promise<Map<string, Lease>> {
    const leases = new Map(ids.map((keyId) => [keyId, leaseOf(keyId, undefined, askedAt)]));
    const lookup = new AbortController();
    lookups.add(lookup);
    const timer = setPatientTimeout(
      () => lookup.abort(new Error(`the key store took longer than ${lookupTimeoutMs} ms`)),
      lookupTimeoutMs,
    );
    // Async, so that a store that throws at once is a rejection like any other.
    const finds = inParts(ids).map(async (part) => keys.find(part, lookup.signal));
    try {
      for (const stored of (await orAborted(Promise.all(finds), lookup.signal)).flat()) {
        if (leases.has(stored.keyId) && isReadable(stored))
          leases.set(stored.keyId, leaseOf(stored.keyId, stored, askedAt));
      }
      return leases;
    } finally {
      timer.clear();
      lookups.delete(lookup);
    }
  }

  function keep(lease: Lease): void {
    const newest = known.get(lease.keyId) ?? unknown.get(lease.keyId);
    // Two questions for one id may be answered in the wrong order. One from the future was asked before the clock was set back.
    if (newest !== undefined && newest.askedAt > lease.askedAt && newest.askedAt <= now()) return;
    known.delete(lease.keyId);
    unknown.delete(lease.keyId);
    const kept = lease.stored === undefined ? unknown : known;
    kept.set(lease.keyId, lease);
    if (kept.size > maxLeases) {
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        break;
      }
    }
    onLease(lease);
  }
}

/** False for a negative age, too: a clock that was set back must not lengthen a lease. */
function isWithin(ageMs: number, limitMs: number): boolean {
  return ageMs >= 0 && ageMs < limitMs;
}

function leaseOf(keyId: string, stored: StoredKey | undefined, askedAt: number): Lease {
  const principal = stored === undefined ? undefined : principalOf(stored);
  return { keyId, stored, principal, askedAt };
}

function principalOf({ keyId, subject, scopes, callsPerSecond, maxConcurrentCalls }: StoredKey): Principal {
  return Object.freeze({
    subject,
    keyId,
    scopes: Object.freeze([...scopes]),
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
    ...(maxConcurrentCalls === undefined ? {} : { maxConcurrentCalls }),
  });
}

function inParts(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < ids.length; at += MAX_IDS_PER_FIND) parts.push(ids.slice(at, at + MAX_IDS_PER_FIND));
  return parts;
}

/** Settles as the promise does, or rejects when the signal aborts first: a store may overlook its signal. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
