import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type PatientTimeout, setPatientTimeout } from "../patient-timeout.ts";
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
  const late = setPatientTimeout(() => session.destroy(), options.headersTimeoutMs);
  session.once("remoteSettings", () => late.clear());
  const stopPings = pingPeer(session, options);

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
    late.clear();
    clearTimeout(idle);
    stopPings();
  });
  return (stream) => {
    open++;
    stream.once("close", onStreamClose);
  };
}

/** Pings the peer, one ping at a time, and destroys the session of one that does not answer. Gives the function that stops it. */
function pingPeer(session: ServerHttp2Session, options: ListenerOptions): () => void {
  if (options.pingIntervalMs === 0) return () => {};
  let late: PatientTimeout | undefined;
  const answered = (): void => {
    late?.clear();
    late = undefined;
  };
  const interval = setInterval(() => {
    if (session.destroyed || session.closed || late !== undefined) return;
    late = setPatientTimeout(() => session.destroy(), options.pingTimeoutMs);
    session.ping(answered);
  }, options.pingIntervalMs);
  return () => {
    clearInterval(interval);
    late?.clear();
  };
}
