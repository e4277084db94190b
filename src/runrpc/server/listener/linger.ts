import type { Socket } from "node:net";

/**
 * How long a connection that we have ended may stay open for its peer to read the last answer and to close. Closing at
 * once, with unread bytes in the kernel, sends a TCP reset that can take the answer away from the peer.
 */
const LINGER_MS = 1_000;

/** Destroys `socket` when its peer has not closed within a second of our end. */
export function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** Calls `done` when `begin`'s callback is called, or after the same second, whichever comes first; once. */
export function withinLinger(begin: (done: () => void) => void, done: () => void): void {
  within(LINGER_MS, begin, done);
}

/** Calls `done` when `begin`'s callback is called, or after `timeMs`, whichever comes first; once. */
export function within(timeMs: number, begin: (done: () => void) => void, done: () => void): void {
  let timer: NodeJS.Timeout | undefined = setTimeout(finish, timeMs);
  function finish(): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    done();
  }
  begin(finish);
}
