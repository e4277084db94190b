import type { ConnectError } from "@connectrpc/connect";
import { networkOf } from "../auth/peer.ts";
import type { Principal } from "../auth/principal.ts";
import type { Call } from "../call/call.ts";
import { isHealthCheck } from "../routes/health-route.ts";
import { exhausted, RETRY_ROOM_MS } from "./exhausted.ts";
import { createMeters } from "./meters.ts";
import { createPublicPool } from "./public-pool.ts";

/** How many calls may be open at one time and come in a second, and whose. */
export interface Room {
  /**
   * Takes a call in, which is admitted next. Returns what gives its room back when the call ends; undefined where it
   * takes none but in the count of admitted calls.
   *
   * @throws ConnectError `resource_exhausted`: there is no room, and nothing was taken.
   */
  enter(call: Call, principal: Principal | undefined): (() => void) | undefined;
}

export interface RoomOptions {
  readonly maxConcurrentCalls: number;
  /** Default 5,000. Never more than `maxConcurrentCalls`. */
  readonly maxPublicStreams?: number;
  /** Default 500. */
  readonly maxPublicStreamsPerAddress?: number;
  /** For each key, and each address that calls without one. Default 0: no limit, as for the three that follow. */
  readonly callsPerSecond?: number;
  readonly callsBurst?: number;
  readonly maxConcurrentCallsPerKey?: number;
  readonly maxConcurrentCallsPerAddress?: number;
  /** How many processes share the limits that a principal has of its own, a part of open calls rounded up. Default 1. */
  readonly processes?: number;
  /** What a principal's `keyId` names, for errors. Default `key`. */
  readonly noun?: string;
  /** Admitted calls that have not ended. */
  readonly openCalls: () => number;
}

/**
 * Makes the room of a server. Callers without a key cannot take any of what callers with one need: what they open of
 * public methods has pools of its own, one for streams and one for unary calls, which a slow login would fill else.
 */
export function createRoom(options: RoomOptions): Room {
  const { maxConcurrentCalls, maxPublicStreams = 5000, maxPublicStreamsPerAddress = 500 } = options;
  const maxPublic = Math.min(maxPublicStreams, maxConcurrentCalls);
  const streams = createPublicPool("streams", maxPublic, maxPublicStreamsPerAddress);
  const unary = createPublicPool("calls", maxPublic, maxPublicStreamsPerAddress);
  const meterKey = createKeyMeter(options);
  const meterAddress = createAddressMeter(options);
  let checks = 0;

  return {
    enter({ head }, principal) {
      const { route, peer } = head;
      if (route !== undefined && isHealthCheck(route)) {
        checks++;
        return () => checks--;
      }
      if (route?.policy.isPublic === true && principal === undefined) {
        const pool = route.method.methodKind === "unary" ? unary : streams;
        const network = networkOf(peer);
        pool.check(network);
        return both(meterAddress?.(network), pool.take(network));
      }
      const open = options.openCalls() - checks - streams.size() - unary.size();
      if (open >= maxConcurrentCalls) throw full(open, maxConcurrentCalls);
      return principal === undefined ? meterAddress?.(networkOf(peer)) : meterKey(principal);
    },
  };
}

/** The limits of a key, its own ones before the server's. Undefined: it has none. */
function createKeyMeter(options: RoomOptions): (principal: Principal) => (() => void) | undefined {
  const { callsPerSecond = 0, callsBurst: burst = 0, maxConcurrentCallsPerKey = 0, noun = "key" } = options;
  const { processes = 1 } = options;
  const meters = createMeters({ nameOf: (keyId) => `the ${noun} ${keyId}` });
  return ({ keyId, callsPerSecond: ownRate, maxConcurrentCalls: ownMax }) => {
    const perSecond = ownRate === undefined ? callsPerSecond : ownRate / processes;
    const maxConcurrent = ownMax === undefined ? maxConcurrentCallsPerKey : Math.ceil(ownMax / processes);
    if (perSecond === 0 && maxConcurrent === 0) return undefined;
    return meters.enter(keyId, { perSecond, burst, maxConcurrent });
  };
}

/** The limits of an address that calls without a key. Undefined: there are none. */
function createAddressMeter(options: RoomOptions): ((network: string) => () => void) | undefined {
  const { callsPerSecond = 0, callsBurst = 0, maxConcurrentCallsPerAddress = 0 } = options;
  if (callsPerSecond === 0 && maxConcurrentCallsPerAddress === 0) return undefined;
  const meters = createMeters({ nameOf: (network) => `the address ${network}` });
  const limit = {
    perSecond: callsPerSecond,
    burst: callsBurst,
    maxConcurrent: maxConcurrentCallsPerAddress,
  };
  return (network) => meters.enter(network, limit);
}

/** One function of two, of which either may be missing. */
export function both(first: (() => void) | undefined, second: () => void): () => void {
  if (first === undefined) return second;
  return () => {
    first();
    second();
  };
}

function full(open: number, max: number): ConnectError {
  return exhausted(`${open} calls are open, the maximum of ${max}: try again later`, RETRY_ROOM_MS);
}
