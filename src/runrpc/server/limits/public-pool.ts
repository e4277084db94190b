import type { ConnectError } from "@connectrpc/connect";
import { exhausted, RETRY_ROOM_MS } from "./exhausted.ts";

/** What callers without a key hold open of public methods, in all and by network. */
export interface PublicPool {
  size(): number;
  /** Networks that have anything open. */
  networks(): number;
  /** @throws ConnectError `resource_exhausted`: there is no room. */
  check(network: string): void;
  /** Takes room. Returns what gives it back, once. */
  take(network: string): () => void;
}

/** Makes a pool of so many calls, in all and for each network. `what` names them in errors: `streams`. */
export function createPublicPool(what: string, max: number, maxPerNetwork: number): PublicPool {
  const byNetwork = new Map<string, number>();
  let open = 0;
  return {
    size: () => open,
    networks: () => byNetwork.size,
    check(network) {
      if (open >= max) throw full(`${open} public ${what} are open`, max);
      const ofNetwork = byNetwork.get(network) ?? 0;
      if (ofNetwork >= maxPerNetwork)
        throw full(`${ofNetwork} public ${what} of this address are open`, maxPerNetwork);
    },
    take(network) {
      open++;
      byNetwork.set(network, (byNetwork.get(network) ?? 0) + 1);
      return () => {
        open--;
        const left = (byNetwork.get(network) ?? 0) - 1;
        if (left > 0) byNetwork.set(network, left);
        else byNetwork.delete(network);
      };
    },
  };
}

function full(what: string, max: number): ConnectError {
  return exhausted(`${what}, the maximum of ${max}: try again later`, RETRY_ROOM_MS);
}
