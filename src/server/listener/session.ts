import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { ListenerOptions } from "./options.ts";

/**
 * Ends an HTTP/2 session that does not begin, is idle, or whose peer is gone; Node has no such limit of its own.
 * `close` is called for an idle session. Gives the function to call with each stream that opens.
 */
export function watchSession(
  session: ServerHttp2Session,
  socket: Socket,
  options: ListenerOptions,
  close: () => void,
): (stream: ServerHttp2Stream) => void {
  const late = setTimeout(() => session.destroy(), options.headersTimeoutMs);
  session.once("remoteSettings", () => clearTimeout(late));
  const ping = pingPeer(session, options);

  let open = 0;
  let idleSince = performance.now();
  // One timer that looks again, rather than one started and stopped with each call.
  let idle = setTimeout(onIdle, options.idleTimeoutMs);
  function onIdle(): void {
    const leftMs = open > 0 ? options.idleTimeoutMs : idleSince + options.idleTimeoutMs - performance.now();
    if (leftMs <= 0) close();
    else idle = setTimeout(onIdle, Math.ceil(leftMs));
  }
  const onStreamClose = (): void => {
    open--;
    if (open === 0) idleSince = performance.now();
  };

  socket.once("close", () => {
    clearTimeout(late);
    clearTimeout(idle);
    clearInterval(ping);
  });
  return (stream) => {
    open++;
    stream.once("close", onStreamClose);
  };
}

function pingPeer(session: ServerHttp2Session, options: ListenerOptions): NodeJS.Timeout | undefined {
  if (options.pingIntervalMs === 0) return undefined;
  return setInterval(() => {
    if (session.destroyed || session.closed) return;
    const timer = setTimeout(() => session.destroy(), options.pingTimeoutMs);
    session.once("close", () => clearTimeout(timer));
    session.ping(() => clearTimeout(timer));
  }, options.pingIntervalMs);
}
