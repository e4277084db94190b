import { watchServer } from "../connect/watch.ts";
import type { CallError } from "../connect/wire.ts";
import type { EndedCall } from "../record/ended-call.ts";

export interface FollowOptions {
  readonly key: () => string | undefined;
  /** Calls that have ended, in their order, and how many more there were than are told. */
  readonly onCalls: (calls: readonly EndedCall[], leftOut: number) => void;
  /** As for `watchServer`. */
  readonly onFault: (error: CallError, isFinal: boolean) => void;
}

/** Between two looks, in milliseconds. */
const INTERVAL_MS = 500;

/** Those that ended before, of which the server keeps so many. */
const RECENT_CALLS = 256;

/** Follows calls as they end, the latest ones first of all. Gives the end of it. */
export function followCalls({ key, onCalls, onFault }: FollowOptions): () => void {
  let after = "";
  return watchServer({
    key,
    request: () => ({
      intervalMs: INTERVAL_MS,
      maxOpenCalls: 1,
      endedCalls: true,
      recentCalls: RECENT_CALLS,
      after,
    }),
    onAnswer(text) {
      const { endedCalls = [], leftOutCalls = "0", position = "" } = JSON.parse(text) as Told; // of the server's own version
      after = position;
      onCalls(endedCalls, Number(leftOutCalls));
    },
    onFault,
  });
}

interface Told {
  readonly endedCalls?: readonly EndedCall[];
  readonly leftOutCalls?: string;
  readonly position?: string;
}
