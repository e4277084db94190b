import type { ConnectError } from "@connectrpc/connect";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { networkOf } from "./auth/peer.ts";
import type { Call } from "./call.ts";
import { exhausted, RETRY_ROOM_MS } from "./exhausted.ts";
import type { Principal } from "./principal.ts";
import type { Route } from "./routes.ts";

/** How many calls may be open at one time, and whose. */
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
  /** Admitted calls that have not ended. */
  readonly openCalls: () => number;
}

/**
 * Makes the room of a server. Callers without a key cannot take any of what callers with one need: what they open of
 * public methods has pools of its own, one for streams and one for unary calls, which a slow login would fill else.
 */
export function createRoom(options: RoomOptions): Room {
  const {
    maxConcurrentCalls,
    maxPublicStreams = 5000,
    maxPublicStreamsPerAddress = 500,
    openCalls,
  } = options;
  const max = Math.min(maxPublicStreams, maxConcurrentCalls);
  const streams = createPool("streams", max, maxPublicStreamsPerAddress);
  const unary = createPool("calls", max, maxPublicStreamsPerAddress);
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
        return pool.enter(networkOf(peer));
      }
      const open = openCalls() - checks - streams.size() - unary.size();
      if (open >= maxConcurrentCalls)
        throw full(`${open} calls are open, the maximum of ${maxConcurrentCalls}: try again later`);
      return undefined;
    },
  };
}

/** What balancers and orchestrators ask: a full server that answers is not a dead one. */
function isHealthCheck({ method }: Route): boolean {
  return method.parent.typeName === Health.typeName && method.methodKind === "unary";
}

interface Pool {
  size(): number;
  enter(network: string): () => void;
}

function createPool(what: string, max: number, maxPerAddress: number): Pool {
  const byNetwork = new Map<string, number>();
  let open = 0;
  return {
    size: () => open,
    enter(network) {
      if (open >= max) throw full(`${open} public ${what} are open, the maximum of ${max}: try again later`);
      const ofNetwork = byNetwork.get(network) ?? 0;
      if (ofNetwork >= maxPerAddress) {
        throw full(
          `${ofNetwork} public ${what} of this address are open, the maximum of ${maxPerAddress}: try again later`,
        );
      }
      open++;
      byNetwork.set(network, ofNetwork + 1);
      return () => {
        open--;
        const left = (byNetwork.get(network) ?? 0) - 1;
        if (left > 0) byNetwork.set(network, left);
        else byNetwork.delete(network);
      };
    },
  };
}

function full(text: string): ConnectError {
  return exhausted(text, RETRY_ROOM_MS);
}
