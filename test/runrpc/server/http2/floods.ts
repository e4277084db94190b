import { ENHANCE_YOUR_CALM, STREAM_CLOSED } from "../../../../src/runrpc/server/http2/errors.ts";
import { data, frame, request, reset, settings, TYPE, uint32, windowUpdate } from "./peer.ts";

/** What the floods are sent to. */
export interface FloodTarget {
  /** A request whose handler leaves its stream open, for as long as the client does. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Streams that a connection may have open. */
  readonly maxStreams: number;
}

/** Frames that cost their sender little, or streams that the server is made to reset, again and again. */
export interface Flood {
  readonly title: string;
  /** Sent once, before all rounds. */
  readonly first: Buffer;
  /** The lowest stream that `first` has left for the rounds. */
  readonly firstId: number;
  /** What the peer is told, by the code of GOAWAY. */
  readonly codes: readonly number[];
  /** One round, on a stream that nobody has used. */
  readonly round: (id: number) => Buffer;
}

const EMPTY = Buffer.alloc(0);
const PRIORITY_BYTES = Buffer.from([0, 0, 0, 0, 1]);

/** Every flood that a budget has to end. */
export function createFloods(target: FloodTarget): readonly Flood[] {
  return [...controlFloods(target), ...blockFloods(target), ...resetFloods(target)];
}

function flood(title: string, first: Buffer, round: (id: number) => Buffer, firstId = 3): Flood {
  return { title, first, firstId, round, codes: [ENHANCE_YOUR_CALM] };
}

/** Frames that ask for nothing, or for an answer. */
function controlFloods({ fields }: FloodTarget): readonly Flood[] {
  const open = request(1, fields, true);
  const closed = Buffer.concat([open, reset(1)]);
  const always = (bytes: Buffer) => (): Buffer => bytes;
  return [
    flood("PING", EMPTY, always(frame(TYPE.PING, 0, 0, Buffer.alloc(8)))),
    flood("answers to no PING", EMPTY, always(frame(TYPE.PING, 1, 0, Buffer.alloc(8)))),
    flood("SETTINGS", EMPTY, always(settings())),
    flood(
      "SETTINGS with a window for each",
      EMPTY,
      always(settings(...Array.from({ length: 100 }, () => [4, 65_535] as const))),
    ),
    flood("acknowledgements of no SETTINGS", EMPTY, always(frame(TYPE.SETTINGS, 1, 0))),
    flood("PRIORITY", EMPTY, (id) => frame(TYPE.PRIORITY, 0, id, PRIORITY_BYTES)),
    flood("PRIORITY_UPDATE", EMPTY, always(frame(0x10, 0, 0, Buffer.from([0, 0, 0, 1, 117])))),
    flood("GOAWAY", EMPTY, always(frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8)))),
    flood("unknown frames", EMPTY, always(frame(0x42, 0, 0, Buffer.alloc(16)))),
    flood("WINDOW_UPDATE", EMPTY, always(windowUpdate(0, 1))),
    flood("WINDOW_UPDATE of a stream", open, always(windowUpdate(1, 1))),
    flood("WINDOW_UPDATE of a closed stream", closed, always(windowUpdate(1, 1))),
    flood("empty DATA", open, always(data(1, EMPTY))),
    flood("DATA without padding or bytes", open, always(frame(TYPE.DATA, 8, 1, Buffer.of(0)))),
    flood("DATA of padding alone", open, always(frame(TYPE.DATA, 8, 1, Buffer.from([1, 0])))),
    flood("DATA on closed streams", Buffer.concat([open, windowUpdate(1, 0)]), always(data(1, 1))),
    flood("resets of a closed stream", closed, always(reset(1))),
  ];
}

/** Header blocks in many frames, or that unfold to much. */
function blockFloods({ fields }: FloodTarget): readonly Flood[] {
  const block = request(1, fields).subarray(9);
  // A field of 4 KB that later blocks name in one byte: a literal that is kept (RFC 7541, 6.2.1), then entry 62.
  const kept = Buffer.concat([
    block,
    Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]),
    Buffer.alloc(4_000, "v"),
  ]);
  const references = (id: number, count: number): Buffer =>
    frame(TYPE.HEADERS, 5, id, Buffer.concat([block, Buffer.alloc(count, 0xbe)]));
  const keeping = frame(TYPE.HEADERS, 5, 1, kept);
  const many = Array.from({ length: 70 }, () => ["x", "v".repeat(10)] as const);
  return [
    flood("empty CONTINUATION", EMPTY, (id) =>
      Buffer.concat([
        frame(TYPE.HEADERS, 1, id, block),
        ...Array.from({ length: 10 }, () => frame(TYPE.CONTINUATION, 0, id)),
        frame(TYPE.CONTINUATION, 4, id),
      ]),
    ),
    flood("CONTINUATION without an end", frame(TYPE.HEADERS, 1, 1), () =>
      frame(TYPE.CONTINUATION, 0, 1, Buffer.from([0x82])),
    ),
    flood("empty CONTINUATION without an end", frame(TYPE.HEADERS, 1, 1), () =>
      frame(TYPE.CONTINUATION, 0, 1),
    ),
    flood("malformed requests", EMPTY, (id) => request(id, [["x", "1"]])),
    flood("requests above the limits of headers", EMPTY, (id) => request(id, [...fields, ...many])),
    flood("HPACK references", keeping, (id) => references(id, 30)),
    flood("HPACK references, far above the limit at once", keeping, (id) => references(id, 1_000)),
  ];
}

/** Streams that are reset: by the client (CVE-2023-44487), or by us because of what it sends (CVE-2025-8671). */
function resetFloods({ fields, maxStreams }: FloodTarget): readonly Flood[] {
  const opened = (id: number, ...more: readonly Buffer[]): Buffer =>
    Buffer.concat([request(id, fields, true), ...more]);
  const announced = (id: number, length: number, ...more: readonly Buffer[]): Buffer =>
    Buffer.concat([request(id, [...fields, ["content-length", `${length}`]], true), ...more]);
  const all = Array.from({ length: maxStreams }, (_, index) => opened(1 + 2 * index));
  const onItself = (id: number): Buffer => Buffer.concat([uint32(id), Buffer.of(0)]);
  const made = (how: string, round: (id: number) => Buffer): Flood =>
    flood(`MadeYouReset by ${how}`, EMPTY, round);
  // Where a read ends between the two frames, the stream may have ended on both sides before the second.
  const behindTheEnd = (what: string, round: (id: number) => Buffer): Flood => ({
    ...made(`${what} behind the end`, round),
    codes: [ENHANCE_YOUR_CALM, STREAM_CLOSED],
  });
  return [
    flood("streams that are reset at once", EMPTY, (id) => opened(id, reset(id))),
    flood("refused streams", Buffer.concat(all), (id) => request(id, fields), 1 + 2 * maxStreams),
    made("WINDOW_UPDATE of 0", (id) => opened(id, windowUpdate(id, 0))),
    made("a window too large", (id) => opened(id, windowUpdate(id, 2 ** 31 - 1))),
    behindTheEnd("DATA", (id) => opened(id, data(id, EMPTY, true), data(id, 1))),
    behindTheEnd("HEADERS", (id) => Buffer.concat([request(id, fields), request(id, fields)])),
    made("trailers without an end", (id) => opened(id, request(id, [["x", "1"]], true))),
    made("trailers with a method", (id) => opened(id, request(id, [[":method", "GET"]]))),
    made("a body too long", (id) => announced(id, 0, data(id, 1))),
    made("a body too short", (id) => announced(id, 2, data(id, 1, true))),
    made("PRIORITY of a wrong size", (id) => opened(id, frame(TYPE.PRIORITY, 0, id, EMPTY))),
    made("PRIORITY on itself", (id) => opened(id, frame(TYPE.PRIORITY, 0, id, onItself(id)))),
    made("HEADERS that depend on themselves", (id) =>
      frame(TYPE.HEADERS, 0x25, id, Buffer.concat([onItself(id), request(id, fields).subarray(9)])),
    ),
  ];
}
