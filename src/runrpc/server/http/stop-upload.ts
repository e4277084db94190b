import { constants, type ServerHttp2Stream } from "node:http2";

/**
 * How long a client may go on sending after its answer has left, in milliseconds. curl 7 loses an answer whose stream
 * is reset before it has sent its own last byte, which over a loopback is a matter of luck.
 */
const GRACE_MS = 50;

/**
 * Tells an HTTP/2 client that has its whole answer, and still uploads, to stop: RST_STREAM(NO_ERROR), after a short
 * grace (RFC 9113, 8.1). What comes until then is dropped. To be called when the answer has been handed to the
 * session, and not in the same turn as its trailers.
 */
export function stopUpload(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.readableEnded) return;
  const timer = setTimeout(close, GRACE_MS, stream);
  stream.once("close", () => clearTimeout(timer));
  stream.resume();
}

function close(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_NO_ERROR);
}
