import type { IncomingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { Call } from "../call/call.ts";
import type { ServerLog } from "../log.ts";
import { credentialFromHeaders } from "./credential.ts";
import { createKeyReader } from "./format.ts";
import { createHolds } from "./hold.ts";
import type { CallerHead } from "./identity.ts";
import type { KeyStore } from "./key-store.ts";
import { createLeases, type Lease } from "./lease.ts";
import { networkOf } from "./peer.ts";
import type { Principal } from "./principal.ts";
import {
  placeRefusalOf,
  refusalOf,
  storeUnavailable,
  throttled,
  UNKNOWN_KEY,
  unauthenticated,
} from "./refusal.ts";
import { createThrottle } from "./throttle.ts";
import { createTurns } from "./turns.ts";
import { createUseCounter } from "./use-count.ts";
import { createWrongKeys } from "./wrong-keys.ts";

/** Tells who calls, and ends the open calls of those who stop being good. */
export interface Authenticator {
  /** What a principal's `keyId` names, for errors. */
  readonly noun: "key" | "caller";
  /** What a call without a principal lacks, for errors. */
  readonly wanted: string;
  /**
   * The owner of the key in these headers; undefined when none was sent, and whether that will do is for the
   * caller to say. A key that was sent and is not good is refused, always. Answers at once when the key was
   * looked up within its lease, else with a promise.
   *
   * @param peer the client's address, without its port
   * @param call what waits meanwhile, and leaves its place when it is cancelled
   * @throws ConnectError (or a promise that rejects with it): `unauthenticated`, `resource_exhausted` with
   *   `retry-after` for a wrong key of an address that sent too many, `unavailable` when the store does not answer.
   */
  authenticate(
    headers: IncomingHttpHeaders,
    peer: string,
    call?: Caller,
  ): Principal | undefined | Promise<Principal | undefined>;
  /**
   * Ties an open call to its key: `cancel` is called once, with an `unauthenticated` error, when the key is
   * revoked, expires, is replaced or deleted. Returns the function that unties. Costs a map lookup and an
   * entry, so every call may be tied; one that ends within `keyLeaseMs` need not be.
   */
  hold(principal: Principal, cancel: (reason: ConnectError) => void, call?: Caller): () => void;
  /** Reports the use counts that are left and stops all timers. Lookups under way are refused as `unavailable`. */
  close(): Promise<void>;
}

/** The call that a key came with, as far as it matters here. */
export type Caller = Pick<Call, "onCancel"> & { readonly head: CallerHead };

export interface AuthenticatorOptions {
  readonly keys: KeyStore;
  /** How long a looked-up key is trusted, in milliseconds. */
  readonly keyLeaseMs: number;
  /** Wrong keys within a minute from one address (IPv6: one /64) before further ones are throttled. */
  readonly maxFailures: number;
  /** For how long they are, in milliseconds; doubles with each further failure, up to 60 times. */
  readonly failureDelayMs: number;
  /** Look-ups of wrong keys in a second for each address. Default 1,000. */
  readonly lookupsPerSecond?: number;
  /** Development keys do not work. */
  readonly production: boolean;
  readonly log: ServerLog;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Makes an authenticator.
 *
 * A key is proven when it is the one that its id's last look-up told of. A proven key is never refused for what others
 * sent, whether it is good or, being revoked or expired, is told so. Any other key waits for its turn to be looked up,
 * whatever is known of its id, so that a wrong key for an id that exists and a key that does not exist take the same
 * way to the same answer.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, keyLeaseMs, production, log, now = () => Date.now(), lookupsPerSecond = 1000 } = options;
  const leases = createLeases({ keys, keyLeaseMs, now, log, onLease: (lease) => holds.judge(lease) });
  const holds = createHolds({ leases, keyLeaseMs, now, log });
  const throttle = createThrottle(options);
  const turns = createTurns({ perSecond: lookupsPerSecond, now });
  const wrong = createWrongKeys(keyLeaseMs);
  const uses = createUseCounter({ keys, log });
  const { idOf, matches } = createKeyReader();

  return {
    noun: "key",
    wanted: "an API key, in x-api-key or authorization: Bearer",
    authenticate(headers, peer, call) {
      const credential = credentialFromHeaders(headers);
      if (credential.kind === "none") return undefined;
      const time = now();
      if (credential.kind === "bad") return refuse(peer, time, credential.reason);
      const { key } = credential;
      const keyId = idOf(key);
      if (keyId === undefined) return refuse(peer, time, malformed(key));
      const lease = leases.get(keyId);
      const isProven = matches(key, lease?.stored?.hash);
      if (lease !== undefined && isProven) {
        if (!leases.isFresh(lease, time)) return renew(headers, key, keyId, peer);
        if (leases.isDue(lease, time)) leases.renew(keyId).catch(() => {});
        return settle(lease, headers, peer, time);
      }
      if (wrong.has(key, time)) return refuse(peer, time, UNKNOWN_KEY);
      return lookUp(headers, key, keyId, peer, call);
    },
    hold: holds.hold,
    async close() {
      holds.close();
      turns.close(storeUnavailable(new Error("the server is closing")));
      leases.close();
      await uses.close();
    },
  };

  /** Looks up a key that nothing vouches for, when its turn has come. */
  async function lookUp(
    headers: IncomingHttpHeaders,
    key: string,
    keyId: string,
    peer: string,
    call: Caller | undefined,
  ): Promise<Principal> {
    const origin = call?.head.origin;
    const line = origin === undefined || origin.isProxy ? peer : origin;
    const turn = await turns.enter(networkOf(peer), line, call);
    let isGood = false;
    try {
      const principal = await renew(headers, key, keyId, peer);
      isGood = true;
      return principal;
    } finally {
      turn.end(isGood);
    }
  }

  async function renew(
    headers: IncomingHttpHeaders,
    key: string,
    keyId: string,
    peer: string,
  ): Promise<Principal> {
    let lease: Lease;
    try {
      lease = await leases.renew(keyId);
    } catch (error) {
      throw storeUnavailable(error);
    }
    const time = now();
    if (matches(key, lease.stored?.hash)) return settle(lease, headers, peer, time);
    wrong.add(key, lease.askedAt);
    return refuse(peer, time, UNKNOWN_KEY);
  }

  /** The end of a proven key. */
  function settle(
    { stored, principal }: Lease,
    headers: IncomingHttpHeaders,
    peer: string,
    time: number,
  ): Principal {
    if (stored === undefined || principal === undefined) return refuse(peer, time, UNKNOWN_KEY);
    const reason = refusalOf(stored, time) ?? placeRefusalOf(stored, headers, peer, production);
    if (reason !== undefined) throw unauthenticated(reason);
    uses.add(stored.keyId, time);
    return principal;
  }

  /** The end of a key that is none. */
  function refuse(peer: string, time: number, reason: string): never {
    const waitMs = throttle.refusedForMs(peer, time);
    if (waitMs > 0) throw throttled(waitMs);
    const refusedMs = throttle.fail(peer, time);
    if (refusedMs > 0) log.warn({ peer, refusedMs }, "too many wrong API keys: further ones are throttled");
    throw unauthenticated(reason);
  }
}

function malformed(key: string): string {
  if (key === "") return "the API key is empty";
  return "the API key is malformed: rr_, 8 letters or digits, _, and 43 characters are expected";
}
