import type { ConnectError } from "@connectrpc/connect";
import { type Member, Roster } from "../call/roster.ts";
import type { ServerLog } from "../log.ts";
import type { StoredKey } from "./key-store.ts";
import type { Lease, Leases } from "./lease.ts";
import type { Principal } from "./principal.ts";
import { DELETED_KEY, refusalOf, unauthenticated } from "./refusal.ts";

/** The open calls, by the key that each was opened with. */
export interface Holds {
  hold(principal: Principal, cancel: (reason: ConnectError) => void): () => void;
  /** Ends the calls of a key that the store says is revoked, expired, replaced or gone. */
  judge(lease: Lease): void;
  close(): void;
}

export interface HoldOptions {
  readonly leases: Pick<Leases, "get" | "isDue" | "renew">;
  readonly keyLeaseMs: number;
  readonly now: () => number;
  readonly log: ServerLog;
}

interface HeldKey {
  readonly keyId: string;
  readonly calls: Roster<OpenCall>;
  /** What the key was when its first call here was opened. Undefined until the store was asked. */
  stored: StoredKey | undefined;
}

interface OpenCall extends Member {
  readonly cancel: (reason: ConnectError) => void;
}

/**
 * Looks each half lease at the keys with open calls, and asks the store again for those in the second half of
 * their lease: all of them in one question. So the store is asked at most twice a lease for a key, and a
 * revoked key's calls end within one lease and the time of an answer. While the store does not answer, open
 * calls stay, but an expiry that is known still ends them.
 *
 * A call costs one map lookup and one entry in a roster. The timer does not keep the process alive, and stops at its
 * next turn after the last call.
 */
export function createHolds(options: HoldOptions): Holds {
  const { leases, keyLeaseMs, now, log } = options;
  const held = new Map<string, HeldKey>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  return {
    hold({ keyId }, cancel) {
      let key = held.get(keyId);
      if (key === undefined) {
        key = { keyId, calls: new Roster(), stored: leases.get(keyId)?.stored };
        held.set(keyId, key);
        arm();
      }
      const { calls } = key;
      const call: OpenCall = { place: -1, cancel };
      calls.add(call);
      return () => {
        if (calls.delete(call) && calls.size === 0) held.delete(keyId);
      };
    },
    judge({ keyId, stored }) {
      const key = held.get(keyId);
      if (key === undefined) return;
      const isReplaced = stored !== undefined && key.stored !== undefined && !isSame(stored, key.stored);
      if (stored === undefined || isReplaced) {
        end(key, DELETED_KEY);
        return;
      }
      key.stored = stored;
      const reason = refusalOf(stored, now());
      if (reason !== undefined) end(key, reason);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };

  function arm(): void {
    if (timer !== undefined || isClosed) return;
    timer = setTimeout(sweep, keyLeaseMs / 2);
    timer.unref();
  }

  function sweep(): void {
    timer = undefined;
    if (held.size === 0) return;
    arm();
    const time = now();
    for (const key of [...held.values()]) {
      const reason = key.stored === undefined ? undefined : refusalOf(key.stored, time);
      const lease = leases.get(key.keyId);
      if (reason !== undefined) end(key, reason);
      // The answer comes through judge(); a failure is logged where the store is asked.
      else if (lease === undefined || leases.isDue(lease, time)) leases.renew(key.keyId).catch(() => {});
    }
  }

  function end(key: HeldKey, reason: string): void {
    held.delete(key.keyId);
    for (const call of key.calls) {
      try {
        call.cancel(unauthenticated(reason));
      } catch (error) {
        log.error({ err: error }, "an open call could not be ended with its key");
      }
    }
  }
}

/** The same secret: a key whose hash was replaced in the table is another key under an old id. */
function isSame(a: StoredKey, b: StoredKey): boolean {
  return Buffer.compare(a.hash, b.hash) === 0;
}
