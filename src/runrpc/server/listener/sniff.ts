import type { Socket } from "node:net";
import { setPatientTimeout } from "../patient-timeout.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export type HttpVersion = "http1" | "http2";

/**
 * Reads from `socket` until its first bytes are the HTTP/2 connection preface (RFC 9113, 3.4) or cannot become it,
 * puts the bytes back, and calls `decided` with the socket paused. The preface may come in any number of pieces.
 *
 * What can only be a broken preface is closed without a word (RFC 9113, 3.4): its client would read a text as frames.
 * A socket that sends nothing for `firstByteTimeoutMs`, or has begun and not finished the preface after
 * `headersTimeoutMs`, is destroyed and `decided` is not called.
 */
export function sniff(
  socket: Socket,
  firstByteTimeoutMs: number,
  headersTimeoutMs: number,
  decided: (version: HttpVersion) => void,
): void {
  let seen: Buffer | undefined;
  const giveUp = (): void => {
    socket.destroy();
  };
  let timer = setPatientTimeout(giveUp, firstByteTimeoutMs);
  const stop = (): void => {
    timer.clear();
    socket.off("data", onData);
    socket.off("end", giveUp);
    socket.off("close", stop);
  };
  const onData = (chunk: Buffer): void => {
    if (seen === undefined) {
      timer.clear();
      timer = setPatientTimeout(giveUp, headersTimeoutMs);
    }
    seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const isPrefix = PREFACE.compare(seen, 0, length, 0, length) === 0;
    if (isPrefix && length < PREFACE.length) return;
    stop();
    if (!isPrefix && isBrokenPreface(seen)) {
      socket.destroy();
      return;
    }
    socket.pause();
    socket.unshift(seen);
    decided(isPrefix ? "http2" : "http1");
  };
  socket.on("data", onData);
  socket.on("end", giveUp);
  socket.on("close", stop);
}

/**
 * `PRI * HTTP/2.0` with something else behind it, or a line like it, of words in capitals without a version of HTTP. What
 * else is no request is answered in HTTP/1.1, for people.
 */
function isBrokenPreface(bytes: Buffer): boolean {
  const start = bytes.toString("latin1", 0, 64);
  return start.startsWith("PRI * HTTP/2") || /^[A-Z]+ [A-Z*]+ (?!HTTP\/)[A-Z]+\r\n/.test(start);
}
