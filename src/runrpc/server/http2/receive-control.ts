import { COST } from "./budget.ts";
import type { Core } from "./core.ts";
import { ConnectionError, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from "./errors.ts";
import { ACK, readUint31 } from "./frames.ts";

/** RFC 9113, 6.4. A stream that its client resets is cancelled, behind the end of its request as well. */
export function receiveReset(core: Core, id: number, bytes: Buffer, at: number, size: number): void {
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, "RST_STREAM on stream 0");
  if (size !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, `RST_STREAM of ${size} bytes`);
  if (core.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `RST_STREAM on stream ${id}, which is idle`);
  core.budget.spend(COST.reset);
  const stream = core.streams.get(id);
  if (stream !== undefined) core.resetByPeer(stream, bytes.readUInt32BE(at));
}

/** RFC 9113, 6.7. An answer goes to whoever waits for it; one that nobody waits for costs as much as a question. */
export function receivePing(
  core: Core,
  flags: number,
  id: number,
  bytes: Buffer,
  at: number,
  size: number,
): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, `PING on stream ${id}`);
  if (size !== 8) throw new ConnectionError(FRAME_SIZE_ERROR, `PING of ${size} bytes`);
  core.budget.spend(COST.frame);
  if ((flags & ACK) !== 0)
    core.onPingAck(bytes[at] as number); // eight are there
  else core.writePong(bytes, at);
}

/** RFC 9113, 6.9. */
export function receiveWindowUpdate(core: Core, id: number, bytes: Buffer, at: number, size: number): void {
  if (size !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, `WINDOW_UPDATE of ${size} bytes`);
  core.budget.spend(COST.windowUpdate);
  const more = readUint31(bytes, at);
  if (id === 0) growConnection(core, more);
  else growStream(core, id, more);
}

function growConnection(core: Core, bytes: number): void {
  if (bytes === 0) throw new ConnectionError(PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
  if (bytes < SMALL_BYTES) core.budget.spend(COST.smallWindowUpdate);
  if (!core.sender.growWindow(bytes))
    throw new ConnectionError(FLOW_CONTROL_ERROR, "WINDOW_UPDATE makes the connection's window too large");
}

function growStream(core: Core, id: number, bytes: number): void {
  if (core.isIdle(id))
    throw new ConnectionError(PROTOCOL_ERROR, `WINDOW_UPDATE on stream ${id}, which is idle`);
  const stream = core.streams.get(id);
  if (stream === undefined) return;
  if (bytes === 0) {
    core.fault(id, PROTOCOL_ERROR);
    return;
  }
  if (bytes < SMALL_BYTES) core.budget.spend(COST.smallWindowUpdate);
  if (!core.sender.growStreamWindow(stream, bytes)) core.fault(id, FLOW_CONTROL_ERROR);
}

/** RFC 9113, 6.3: nobody has to heed it, and only its form is looked at. */
export function receivePriority(core: Core, id: number, bytes: Buffer, at: number, size: number): void {
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, "PRIORITY on stream 0");
  core.budget.spend(COST.frame);
  if (size !== 5) core.fault(id, FRAME_SIZE_ERROR);
  else if (readUint31(bytes, at) === id) core.fault(id, PROTOCOL_ERROR);
}

/** RFC 9113, 6.8: the peer opens no more streams, which needs nothing of us. */
export function receiveGoaway(core: Core, id: number, size: number): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, `GOAWAY on stream ${id}`);
  if (size < 8) throw new ConnectionError(FRAME_SIZE_ERROR, `GOAWAY of ${size} bytes`);
  core.budget.spend(COST.frame);
}

/** A window that grows by less is kept small by intent: each frame that it lets out costs more than it carries. */
const SMALL_BYTES = 256;
