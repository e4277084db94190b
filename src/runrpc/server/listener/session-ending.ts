import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type Ending, FIRST_REQUEST_MS, GOAWAY_READ_MS } from "./ending.ts";
import { linger, within } from "./linger.ts";

/** The greatest stream id: a GOAWAY that names it refuses nothing (RFC 9113, 6.8). */
const ANY_STREAM = 2 ** 31 - 1;

/** The same as a frame, with NO_ERROR. */
const END_IS_NEAR = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** How an HTTP/2 session ends; `opened` is to be called with each stream. */
export interface SessionEnding extends Ending {
  opened(stream: ServerHttp2Stream): void;
}

/** Makes the ways to end a session. The list of its open streams is kept where `keepsOpen` says so. */
export function createSessionEnding(
  session: ServerHttp2Session,
  socket: Socket,
  keepsOpen: boolean,
): SessionEnding {
  const beganAtMs = performance.now();
  const open = new Set<ServerHttp2Stream>();
  let isUsed = false;
  let isEnding = false;
  let waiting: NodeJS.Timeout | undefined;
  socket.once("close", () => clearTimeout(waiting));

  function goAway(): void {
    clearTimeout(waiting);
    if (session.closed || session.destroyed) return;
    within(GOAWAY_READ_MS, announce, () => {
      if (session.closed || session.destroyed) return;
      socket.once("finish", () => linger(socket));
      session.close(); // GOAWAY with the last stream that was taken
    });
  }

  /**
   * Tells the peer that the end is near, and calls `read` when it has read so: what it opened before has come by then.
   *
   * The frame is written past node:http2, whose nghttp2 overlooks every stream that opens after a GOAWAY of its own,
   * whatever that named. Under TLS it cannot be, because a write of ours during one of the session's ends the process (a
   * CHECK in TLSWrap::DoWrite): there a stream that crosses is overlooked, and the last GOAWAY tells its client that it
   * was not taken, so that it may be sent anew.
   */
  function announce(read: () => void): void {
    if (session.encrypted) session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
    else socket.write(END_IS_NEAR);
    session.ping(read);
  }

  return {
    retire() {}, // it is the announcement that says it, and a client that is told looks for another server at once
    end() {
      if (isEnding) return;
      isEnding = true;
      // A client may wait for our SETTINGS before its first request, and would be told to go in the same breath.
      const leftMs = isUsed ? 0 : beganAtMs + FIRST_REQUEST_MS - performance.now();
      if (leftMs <= 0) goAway();
      else waiting = setTimeout(goAway, leftMs);
    },
    opened(stream) {
      if (isEnding && !isUsed) goAway();
      isUsed = true;
      if (!keepsOpen) return;
      open.add(stream);
      stream.once("close", () => open.delete(stream));
    },
    open: () => [...open],
  };
}
