import { COST } from "./budget.ts";
import type { Core } from "./core.ts";
import { ConnectionError, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from "./errors.ts";
import { END_STREAM } from "./frames.ts";
import type { Block } from "./header-block.ts";
import type { RequestHead } from "./hpack/request-head.ts";
import { Stream } from "./stream.ts";

/** Takes a whole header block: that of a request, or of its trailers (RFC 9113, 8.1). */
export function receiveBlock(core: Core, block: Block): void {
  const { id } = block;
  if ((id & 1) === 0)
    throw new ConnectionError(PROTOCOL_ERROR, `HEADERS on stream ${id}, which no client opens`);
  // Whoever wants it: the table is the connection's.
  const head = core.decoder.decode(block.bytes, block.start, block.end);
  core.budget.spend(head.bytes * COST.headerByte);
  const isEnd = (block.flags & END_STREAM) !== 0;
  const stream = core.streams.get(id);
  if (stream !== undefined) receiveTrailers(core, stream, head, isEnd);
  else if (id > core.lastId) openStream(core, block, head, isEnd);
  else receiveLate(core, id);
}

function openStream(core: Core, block: Block, head: RequestHead, isEnd: boolean): void {
  const { id } = block;
  core.lastId = id;
  if (id > core.lastTakenId) return;
  const { options } = core;
  const isMalformed =
    head.problem === "malformed" ||
    !head.hasPseudo ||
    block.dependsOnItself ||
    (isEnd && head.contentLength > 0);
  if (isMalformed || core.streams.size >= options.maxConcurrentStreams) {
    core.fault(id, isMalformed ? PROTOCOL_ERROR : REFUSED_STREAM);
    return;
  }
  if (head.problem === "too-large") core.budget.spend(COST.tooLarge);
  const stream = new Stream(core, id, head, core.sender.initialWindowBytes, options.streamWindowBytes);
  stream.remoteEnded = isEnd;
  core.streams.set(id, stream);
  core.arrived.push(stream);
}

/** They are read, and nobody is told of them. */
function receiveTrailers(core: Core, stream: Stream, head: RequestHead, isEnd: boolean): void {
  if (stream.remoteEnded) core.fault(stream.id, STREAM_CLOSED);
  else if (!isEnd || head.hasPseudo || head.problem === "malformed" || stream.bodyLeft > 0)
    core.fault(stream.id, PROTOCOL_ERROR);
  else core.endRemote(stream);
}

function receiveLate(core: Core, id: number): void {
  core.budget.spend(COST.late);
  if (core.closed.wasReset(id)) return;
  if (core.closed.hasEnded(id))
    throw new ConnectionError(STREAM_CLOSED, `HEADERS on stream ${id}, which has ended`);
  throw new ConnectionError(PROTOCOL_ERROR, `HEADERS on stream ${id}, below stream ${core.lastId}`);
}
