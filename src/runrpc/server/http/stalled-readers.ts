import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "../call/call.ts";

/** How often calls are looked at, in parts of the timeout. */
const PARTS = 4;

/**
 * Cuts each call whose client has read nothing of what waits for it for `timeoutMs`, before its handler is done or after. All
 * open calls are looked at now and then, so that a call which is read pays nothing. Returns the end of it.
 */
export function watchStalledReaders(
  open: Iterable<Call>,
  timeoutMs: number,
  now: () => number = () => performance.now(),
): () => void {
  let stalled = new Map<Call, Stall>();
  const look = (): void => {
    const nowMs = now();
    const still = new Map<Call, Stall>();
    for (const call of open) {
      const { follower } = call;
      if (follower?.isStalled() !== true) continue;
      const takenBytes = call.bytesOut - follower.waitingBytes();
      const before = stalled.get(call);
      // What a handler adds to that which waits is nothing that was read, and HTTP/1.1 adds its own around each piece.
      const isSame = before !== undefined && takenBytes <= before.takenBytes;
      const stall = isSame ? before : { takenBytes, sinceMs: nowMs };
      if (nowMs - stall.sinceMs < timeoutMs) still.set(call, stall);
      else call.cut("client", readsNothing(timeoutMs));
    }
    stalled = still;
  };
  const timer = setInterval(look, Math.max(10, timeoutMs / PARTS)).unref();
  return () => clearInterval(timer);
}

/** A client that has not taken more than these bytes since. */
interface Stall {
  readonly takenBytes: number;
  readonly sinceMs: number;
}

function readsNothing(timeoutMs: number): ConnectError {
  return new ConnectError(
    `the client has read nothing for ${timeoutMs} ms (timeouts.write_timeout_ms)`,
    Code.Canceled,
  );
}
