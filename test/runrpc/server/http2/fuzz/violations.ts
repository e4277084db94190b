import * as code from "../../../../../src/runrpc/server/http2/errors.ts";
import type { Random } from "../../lanes/differential/random.ts";
import { data, frame, GET, POST, request, reset, settings, TYPE, windowUpdate } from "../peer.ts";
import type { State } from "./traffic.ts";

/** What breaks the rules, and what RFC 9113 says that the peer is told. */
export interface Violation {
  readonly bytes: Buffer;
  readonly code: number;
  /** 0: the connection ends. Otherwise the stream is reset, and the connection goes on. */
  readonly id: number;
}

type Kind = (state: State, random: Random) => Violation;

const bytesOf = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));
const connection = (bytes: Buffer, error: number): Violation => ({ bytes, code: error, id: 0 });
const block = request(1, GET).subarray(9);

/** A size that a frame must not have. */
function wrongSize(random: Random, right: number): number {
  const size = random.below(30);
  return size === right ? right + 1 : size;
}

/** A request that lacks one of the three pseudo-headers that each must have. */
function withoutOne(random: Random): typeof GET {
  const missing = random.pick([":method", ":scheme", ":path"]);
  return GET.filter(([name]) => name !== missing);
}

/** A stream that keeps the rules, up to what follows. */
function onOpened(make: (id: number, random: Random) => readonly [Buffer, number]): Kind {
  return (state, random) => {
    const id = state.nextId;
    state.nextId += 2;
    const [bytes, error] = make(id, random);
    return { bytes: Buffer.concat([request(id, POST, true), bytes]), code: error, id };
  };
}

function onNew(make: (id: number, random: Random) => readonly [Buffer, number]): Kind {
  return (state, random) => {
    const id = state.nextId;
    state.nextId += 2;
    const [bytes, error] = make(id, random);
    return { bytes, code: error, id };
  };
}

const KINDS: readonly Kind[] = [
  (_, random) =>
    connection(frame(TYPE.PING, 0, 0, bytesOf(random, wrongSize(random, 8))), code.FRAME_SIZE_ERROR),
  (_, random) => connection(frame(TYPE.PING, 0, 1 + random.below(99), Buffer.alloc(8)), code.PROTOCOL_ERROR),
  (_, random) =>
    connection(
      frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(1 + 6 * random.below(4) + random.below(5))),
      code.FRAME_SIZE_ERROR,
    ),
  (_, random) =>
    connection(frame(TYPE.SETTINGS, 1, 0, Buffer.alloc(6 * (1 + random.below(3)))), code.FRAME_SIZE_ERROR),
  (_, random) => connection(frame(TYPE.SETTINGS, 0, 1 + random.below(99)), code.PROTOCOL_ERROR),
  (_, random) => connection(settings([2, 2 + random.below(1_000)]), code.PROTOCOL_ERROR),
  (_, random) => connection(settings([4, 2 ** 31 + random.below(1_000)]), code.FLOW_CONTROL_ERROR),
  (_, random) => connection(settings([5, random.below(16_384)]), code.PROTOCOL_ERROR),
  (_, random) => connection(windowUpdate(0, random.chance(0.5) ? 0 : 2 ** 31), code.PROTOCOL_ERROR),
  // Twice: a window that answers have used up may grow so far once.
  () =>
    connection(
      Buffer.concat([windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 2 ** 31 - 1)]),
      code.FLOW_CONTROL_ERROR,
    ),
  (state) => connection(windowUpdate(state.nextId + 2, 1), code.PROTOCOL_ERROR),
  (_, random) =>
    connection(frame(TYPE.WINDOW_UPDATE, 0, 0, bytesOf(random, wrongSize(random, 4))), code.FRAME_SIZE_ERROR),
  (state) => connection(data(state.nextId + 2, 4), code.PROTOCOL_ERROR),
  () => connection(data(0, 4), code.PROTOCOL_ERROR),
  (state) => connection(reset(state.nextId + 2), code.PROTOCOL_ERROR),
  () => connection(reset(0), code.PROTOCOL_ERROR),
  (state, random) =>
    connection(
      frame(TYPE.RST_STREAM, 0, state.nextId, bytesOf(random, wrongSize(random, 4))),
      code.FRAME_SIZE_ERROR,
    ),
  () => connection(frame(TYPE.PRIORITY, 0, 0, Buffer.alloc(5)), code.PROTOCOL_ERROR),
  (_, random) => connection(frame(TYPE.PUSH_PROMISE, 4, 1, bytesOf(random, 20)), code.PROTOCOL_ERROR),
  (_, random) => connection(frame(TYPE.CONTINUATION, 4, 1 + random.below(9), block), code.PROTOCOL_ERROR),
  (_, random) => connection(frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(random.below(8))), code.FRAME_SIZE_ERROR),
  (_, random) => connection(frame(TYPE.HEADERS, 5, 2 * random.below(20), block), code.PROTOCOL_ERROR),
  (state, random) => {
    const between = random.pick([
      data(1, 1),
      windowUpdate(0, 1),
      request(state.nextId + 2, GET),
      frame(0x99, 0, 0),
    ]);
    return connection(
      Buffer.concat([frame(TYPE.HEADERS, 1, state.nextId, block), between]),
      code.PROTOCOL_ERROR,
    );
  },
  (state, random) =>
    connection(
      frame(TYPE.HEADERS, 0xd, state.nextId, Buffer.from([4 + random.below(250), 0x82])),
      code.PROTOCOL_ERROR,
    ),
  (state) => connection(frame(TYPE.HEADERS, 0x25, state.nextId, Buffer.alloc(4)), code.FRAME_SIZE_ERROR),
  (state, random) => {
    const broken = random.pick(["80", "ffff", "be00ffff7f", "7f", "400161", "8220", "3fe21f", "00821fff00"]);
    return connection(
      frame(TYPE.HEADERS, 5, state.nextId, Buffer.from(broken, "hex")),
      code.COMPRESSION_ERROR,
    );
  },
  (_, random) => {
    const head = frame(random.below(256), 0, 1);
    head.writeUIntBE(16_385 + random.below(1_000_000), 0, 3);
    return connection(head, code.FRAME_SIZE_ERROR);
  },
  onOpened((id) => [windowUpdate(id, 0), code.PROTOCOL_ERROR]),
  onOpened((id) => [windowUpdate(id, 2 ** 31 - 1), code.FLOW_CONTROL_ERROR]),
  onOpened((id, random) => [
    frame(TYPE.PRIORITY, 0, id, bytesOf(random, wrongSize(random, 5))),
    code.FRAME_SIZE_ERROR,
  ]),
  onOpened((id) => [Buffer.concat([data(id, 1, true), data(id, 1)]), code.STREAM_CLOSED]),
  onOpened((id) => [Buffer.concat([data(id, 1, true), request(id, GET)]), code.STREAM_CLOSED]),
  onOpened((id) => [request(id, [["x", "1"]], true), code.PROTOCOL_ERROR]),
  onOpened((id) => [request(id, GET), code.PROTOCOL_ERROR]),
  onNew((id, random) => [request(id, withoutOne(random)), code.PROTOCOL_ERROR]),
  onNew((id, random) => [
    request(id, [...GET, [random.pick(["connection", "Upper", "te", ":status", ""]), "x"]]),
    code.PROTOCOL_ERROR,
  ]),
  onNew((id, random) => [
    request(id, [...GET, ["x", random.pick(["\0", "a\r", "\n", " a", "a\t"])]]),
    code.PROTOCOL_ERROR,
  ]),
  onNew((id) => [request(id, [...POST, ["content-length", "5"]]), code.PROTOCOL_ERROR]),
  onNew((id, random) => [
    Buffer.concat([
      request(id, [...POST, ["content-length", "5"]], true),
      data(id, random.pick([4, 6]), true),
    ]),
    code.PROTOCOL_ERROR,
  ]),
];

export function violation(state: State, random: Random): Violation {
  return random.pick(KINDS)(state, random);
}
