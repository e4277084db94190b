import type { IncomingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { ServerLog } from "../log.ts";
import type { Principal } from "../principal.ts";
import { credentialFromHeaders } from "./credential.ts";
import { createKeyReader } from "./format.ts";
import { createHolds } from "./hold.ts";
import type { KeyStore } from "./key-store.ts";
import { createLeases, type Lease } from "./lease.ts";
import {
  placeRefusalOf,
  refusalOf,
  storeUnavailable,
  throttled,
  UNKNOWN_KEY,
  unauthenticated,
} from "./refusal.ts";
import { createThrottle } from "./throttle.ts";
import { createUseCounter } from "./use-count.ts";

/** Tells who calls, and ends the open calls of keys that stop being good. */
export interface Authenticator {
  /**
   * The owner of the key in these headers; undefined when none was sent, and whether that will do is for the
   * caller to say. A key that was sent and is not good is refused, always. Answers at once when the key was
   * looked up within its lease (below 2 µs), else with a promise.
   *
   * @param peer the client's address, without its port
   * @throws ConnectError (or a promise that rejects with it): `unauthenticated`, `resource_exhausted` with
   *   `retry-after` for an address that sent too many wrong keys, `unavailable` when the store does not answer.
   */
  authenticate(headers: IncomingHttpHeaders, peer: string): Principal | undefined | Promise<Principal>;
  /**
   * Ties an open call to its key: `cancel` is called once, with an `unauthenticated` error, when the key is
   * revoked, expires, is replaced or deleted. Returns the function that unties. Costs a map lookup and an
   * entry, so every call may be tied; one that ends within `keyLeaseMs` need not be.
   */
  hold(principal: Principal, cancel: (reason: ConnectError) => void): () => void;
  /** Reports the use counts that are left and stops all timers. Lookups under way are refused as `unavailable`. */
  close(): Promise<void>;
}

export interface AuthenticatorOptions {
  readonly keys: KeyStore;
  /** How long a looked-up key is trusted, in milliseconds. */
  readonly keyLeaseMs: number;
  /** Wrong keys within a minute from one address (IPv6: one /64) before it is refused. */
  readonly maxFailures: number;
  /** How long it is refused, in milliseconds; doubles with each further failure, up to 60 times. */
  readonly failureDelayMs: number;
  /** Development keys do not work. */
  readonly production: boolean;
  readonly log: ServerLog;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Makes an authenticator.
 *
 * An address that is refused for its wrong keys may still use a key that was seen good before and is still
 * remembered: its secret is compared first. So a broken client behind a shared address does not lock out the
 * others that were at work; a key that was not seen yet waits until the refusal ends.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, keyLeaseMs, production, log, now = Date.now } = options;
  const leases = createLeases({ keys, keyLeaseMs, now, log, onLease: (lease) => holds.judge(lease) });
  const holds = createHolds({ leases, keyLeaseMs, now, log });
  const throttle = createThrottle(options);
  const uses = createUseCounter({ keys, log });
  const { idOf, matches } = createKeyReader();

  return {
    authenticate(headers, peer) {
      const credential = credentialFromHeaders(headers);
      if (credential.kind === "none") return undefined;
      const time = now();
      if (credential.kind === "bad") return refuse(peer, time, credential.reason);
      const keyId = idOf(credential.key);
      if (keyId === undefined) return refuse(peer, time, malformed(credential.key));
      const lease = leases.get(keyId);
      if (lease === undefined) return lookUp(headers, credential.key, keyId, peer, time);
      const isProven = matches(credential.key, lease.stored?.hash);
      const isFresh = leases.isFresh(lease, time);
      if (isProven && lease.stored !== undefined && refusalOf(lease.stored, time) === undefined) {
        if (!isFresh) return renew(headers, credential.key, keyId, peer);
        if (leases.isDue(lease, time)) leases.renew(keyId).catch(() => {});
        return settle(lease, isProven, headers, peer, time);
      }
      return isFresh
        ? settle(lease, isProven, headers, peer, time)
        : lookUp(headers, credential.key, keyId, peer, time);
    },
    hold: holds.hold,
    async close() {
      holds.close();
      leases.close();
      await uses.close();
    },
  };

  /** Looks up a key that nothing vouches for: not from an address that is refused. */
  function lookUp(
    headers: IncomingHttpHeaders,
    key: string,
    keyId: string,
    peer: string,
    time: number,
  ): Promise<Principal> {
    checkThrottle(peer, time);
    return renew(headers, key, keyId, peer);
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
    return settle(lease, matches(key, lease.stored?.hash), headers, peer, now());
  }

  function settle(
    { stored, principal }: Lease,
    isProven: boolean,
    headers: IncomingHttpHeaders,
    peer: string,
    time: number,
  ): Principal {
    if (!isProven || stored === undefined || principal === undefined) return refuse(peer, time, UNKNOWN_KEY);
    const reason = refusalOf(stored, time) ?? placeRefusalOf(stored, headers, peer, production);
    if (reason !== undefined) return refuse(peer, time, reason);
    uses.add(stored.keyId, time);
    return principal;
  }

  function refuse(peer: string, time: number, reason: string): never {
    checkThrottle(peer, time);
    const refusedMs = throttle.fail(peer, time);
    if (refusedMs > 0) log.warn({ peer, refusedMs }, "too many wrong API keys: the address is refused");
    throw unauthenticated(reason);
  }

  function checkThrottle(peer: string, time: number): void {
    const waitMs = throttle.refusedForMs(peer, time);
    if (waitMs > 0) throw throttled(waitMs);
  }
}

function malformed(key: string): string {
  if (key === "") return "the API key is empty";
  return "the API key is malformed: rr_, 8 letters or digits, _, and 43 characters are expected";
}
