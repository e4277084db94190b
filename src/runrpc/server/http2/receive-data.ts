import { COST } from "./budget.ts";
import type { Core } from "./core.ts";
import {
  ConnectionError,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
} from "./errors.ts";
import { END_STREAM, PADDED } from "./frames.ts";
import type { Stream } from "./stream.ts";

/** Takes a whole DATA frame (RFC 9113, 6.1). */
export function receiveData(
  core: Core,
  flags: number,
  id: number,
  bytes: Buffer,
  at: number,
  size: number,
): void {
  let start = at;
  let end = at + size;
  if ((flags & PADDED) !== 0) {
    if (size === 0) throw new ConnectionError(FRAME_SIZE_ERROR, "DATA without the length of its padding");
    end -= bytes[start++] as number; // within the frame
    if (end < start) throw new ConnectionError(PROTOCOL_ERROR, "DATA with more padding than bytes");
  }
  const stream = admitData(core, id, size);
  const isEnd = (flags & END_STREAM) !== 0;
  if (start === end && !isEnd) core.budget.spend(COST.frame);
  if (stream === undefined) return;
  if (size > end - start) core.took(stream, size - (end - start));
  receiveBody(core, stream, bytes, start, end, isEnd);
}

/**
 * Holds DATA to the windows, by its head. Gives the stream that it is for, or undefined where it is dropped.
 *
 * @throws ConnectionError where there is no such stream, and the peer must know it.
 */
export function admitData(core: Core, id: number, size: number): Stream | undefined {
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, "DATA on stream 0");
  if (!core.window.take(size))
    throw new ConnectionError(FLOW_CONTROL_ERROR, "more DATA than the connection's window lets in");
  const given = core.window.grow();
  if (given > 0) core.growPeerWindow(0, given);
  const stream = core.streams.get(id);
  if (stream === undefined) {
    admitLate(core, id);
    return undefined;
  }
  if (stream.remoteEnded) {
    core.fault(id, STREAM_CLOSED);
    return undefined;
  }
  stream.receiveWindow -= size;
  if (stream.receiveWindow >= 0) return stream;
  core.fault(id, FLOW_CONTROL_ERROR);
  return undefined;
}

/** Bytes of a request's body, which may be a part of their frame. */
export function receiveBody(
  core: Core,
  stream: Stream,
  bytes: Buffer,
  start: number,
  end: number,
  isEnd: boolean,
): void {
  if (stream.bodyLeft !== -1) {
    stream.bodyLeft -= end - start;
    // RFC 9113, 8.1.1: a body of another length than announced.
    if (stream.bodyLeft < 0 || (isEnd && stream.bodyLeft > 0)) {
      core.fault(stream.id, PROTOCOL_ERROR);
      return;
    }
  }
  if (isEnd) stream.remoteEnded = true;
  if (end > start) stream.receive(bytes, start, end);
  if (isEnd && !stream.isClosed) core.endRemote(stream);
}

/** A stream that is not open: what was on its way when we reset it is dropped. */
function admitLate(core: Core, id: number): void {
  if (core.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `DATA on stream ${id}, which is idle`);
  core.budget.spend(COST.late);
  if (core.closed.hasEnded(id))
    throw new ConnectionError(STREAM_CLOSED, `DATA on stream ${id}, which has ended`);
}
