import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as code from "../../../../src/runrpc/server/http2/errors.ts";
import {
  data,
  frame,
  GET,
  HANDSHAKE,
  openPeer,
  POST,
  PREFACE,
  request,
  reset,
  SETTINGS,
  SETTINGS_ACK,
  settings,
  TYPE,
  windowUpdate,
} from "./peer.ts";
import { listenTo, serve } from "./serve.ts";

const GOOD = request(99, GET);
const OPEN = request(1, POST, true);
const ENDED = request(1, GET);
const HEADERS_BLOCK = request(1, GET).subarray(9);

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);

/** A frame that says another length than it has. */
function lying(size: number): Buffer {
  const head = frame(TYPE.DATA, 0, 1);
  head.writeUIntBE(size, 0, 3);
  return head;
}

/** What ends the connection, and the code that the peer is told (RFC 9113, the section in the title). */
const connectionErrors: readonly (readonly [title: string, frames: readonly Buffer[], code: number])[] = [
  [
    "3.4: the first frame is not SETTINGS",
    [PREFACE, frame(TYPE.PING, 0, 0, Buffer.alloc(8))],
    code.PROTOCOL_ERROR,
  ],
  [
    "3.4: DATA that comes in parts before SETTINGS",
    [PREFACE, data(1, 5).subarray(0, 12)],
    code.PROTOCOL_ERROR,
  ],
  ["3.4: another preface", [Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")], code.PROTOCOL_ERROR],
  ["4.2: a frame above the greatest size", [...HANDSHAKE, lying(16_385)], code.FRAME_SIZE_ERROR],
  [
    "4.3: a header block that is none",
    [...HANDSHAKE, frame(1, 5, 1, bytes(0xff, 0xff, 0xff))],
    code.COMPRESSION_ERROR,
  ],
  ["5.1.1: HEADERS on stream 0", [...HANDSHAKE, frame(1, 5, 0, HEADERS_BLOCK)], code.PROTOCOL_ERROR],
  ["5.1.1: HEADERS on an even stream", [...HANDSHAKE, frame(1, 5, 2, HEADERS_BLOCK)], code.PROTOCOL_ERROR],
  [
    "5.1.1: a stream below the last one",
    [...HANDSHAKE, request(5, GET), request(3, GET)],
    code.PROTOCOL_ERROR,
  ],
  ["6.1: DATA on stream 0", [...HANDSHAKE, data(0, 1)], code.PROTOCOL_ERROR],
  ["5.1: DATA on an idle stream", [...HANDSHAKE, data(1, 1)], code.PROTOCOL_ERROR],
  [
    "5.1: DATA on a stream that its client has reset",
    [...HANDSHAKE, OPEN, reset(1), data(1, 1)],
    code.STREAM_CLOSED,
  ],
  [
    "5.1: HEADERS on a stream that its client has reset",
    [...HANDSHAKE, OPEN, reset(1), ENDED],
    code.STREAM_CLOSED,
  ],
  [
    "6.1: DATA with more padding than bytes",
    [...HANDSHAKE, OPEN, frame(0, 8, 1, bytes(2, 0))],
    code.PROTOCOL_ERROR,
  ],
  ["6.1: padded DATA without a byte", [...HANDSHAKE, OPEN, frame(0, 8, 1)], code.FRAME_SIZE_ERROR],
  ["6.2: padded HEADERS without a byte", [...HANDSHAKE, frame(1, 0xd, 1)], code.FRAME_SIZE_ERROR],
  [
    "6.2: HEADERS with more padding than bytes",
    [...HANDSHAKE, frame(1, 0xd, 1, bytes(9, 0x82))],
    code.PROTOCOL_ERROR,
  ],
  [
    "6.2: HEADERS without their priority",
    [...HANDSHAKE, frame(1, 0x25, 1, bytes(0, 0, 0, 0))],
    code.FRAME_SIZE_ERROR,
  ],
  [
    "6.2: padding that eats the priority",
    [...HANDSHAKE, frame(1, 0x2d, 1, bytes(3, 0, 0, 0, 0, 0, 0))],
    code.FRAME_SIZE_ERROR,
  ],
  ["6.3: PRIORITY on stream 0", [...HANDSHAKE, frame(2, 0, 0, Buffer.alloc(5))], code.PROTOCOL_ERROR],
  ["6.4: RST_STREAM on stream 0", [...HANDSHAKE, reset(0)], code.PROTOCOL_ERROR],
  ["6.4: RST_STREAM on an idle stream", [...HANDSHAKE, reset(1)], code.PROTOCOL_ERROR],
  [
    "6.4: RST_STREAM of another size",
    [...HANDSHAKE, OPEN, frame(3, 0, 1, Buffer.alloc(3))],
    code.FRAME_SIZE_ERROR,
  ],
  ["6.5: SETTINGS on a stream", [...HANDSHAKE, frame(4, 0, 1)], code.PROTOCOL_ERROR],
  ["6.5: SETTINGS of another size", [...HANDSHAKE, frame(4, 0, 0, Buffer.alloc(7))], code.FRAME_SIZE_ERROR],
  [
    "6.5: an acknowledgement with settings",
    [...HANDSHAKE, frame(4, 1, 0, Buffer.alloc(6))],
    code.FRAME_SIZE_ERROR,
  ],
  ["6.5.2: ENABLE_PUSH of 2", [...HANDSHAKE, settings([2, 2])], code.PROTOCOL_ERROR],
  ["6.5.2: INITIAL_WINDOW_SIZE of 2^31", [...HANDSHAKE, settings([4, 2 ** 31])], code.FLOW_CONTROL_ERROR],
  ["6.5.2: MAX_FRAME_SIZE below the default", [...HANDSHAKE, settings([5, 16_383])], code.PROTOCOL_ERROR],
  ["6.5.2: MAX_FRAME_SIZE above 2^24-1", [...HANDSHAKE, settings([5, 2 ** 24])], code.PROTOCOL_ERROR],
  [
    "6.9.2: SETTINGS that make a stream's window too large",
    [...HANDSHAKE, OPEN, windowUpdate(1, 2 ** 31 - 1 - 65_535), settings([4, 65_536])],
    code.FLOW_CONTROL_ERROR,
  ],
  ["8.4: PUSH_PROMISE", [...HANDSHAKE, frame(5, 4, 1, Buffer.alloc(4))], code.PROTOCOL_ERROR],
  ["6.7: PING on a stream", [...HANDSHAKE, frame(6, 0, 1, Buffer.alloc(8))], code.PROTOCOL_ERROR],
  ["6.7: PING of another size", [...HANDSHAKE, frame(6, 0, 0, Buffer.alloc(7))], code.FRAME_SIZE_ERROR],
  ["6.8: GOAWAY on a stream", [...HANDSHAKE, frame(7, 0, 1, Buffer.alloc(8))], code.PROTOCOL_ERROR],
  ["6.8: GOAWAY that is too short", [...HANDSHAKE, frame(7, 0, 0, Buffer.alloc(7))], code.FRAME_SIZE_ERROR],
  [
    "6.9: WINDOW_UPDATE of another size",
    [...HANDSHAKE, frame(8, 0, 0, Buffer.alloc(5))],
    code.FRAME_SIZE_ERROR,
  ],
  ["6.9: WINDOW_UPDATE by 0 on the connection", [...HANDSHAKE, windowUpdate(0, 0)], code.PROTOCOL_ERROR],
  ["6.9: WINDOW_UPDATE on an idle stream", [...HANDSHAKE, windowUpdate(1, 1)], code.PROTOCOL_ERROR],
  [
    "6.9.1: a connection's window above 2^31-1",
    [...HANDSHAKE, windowUpdate(0, 2 ** 31 - 65_535)],
    code.FLOW_CONTROL_ERROR,
  ],
  ["6.10: CONTINUATION without HEADERS", [...HANDSHAKE, frame(9, 4, 1, HEADERS_BLOCK)], code.PROTOCOL_ERROR],
  [
    "6.10: another frame within a header block",
    [...HANDSHAKE, frame(1, 1, 1, HEADERS_BLOCK), frame(6, 0, 0, Buffer.alloc(8))],
    code.PROTOCOL_ERROR,
  ],
  [
    "6.10: CONTINUATION of another stream",
    [...HANDSHAKE, frame(1, 1, 1, HEADERS_BLOCK), frame(9, 4, 3)],
    code.PROTOCOL_ERROR,
  ],
  [
    "6.10: DATA that comes in parts within a header block",
    [...HANDSHAKE, OPEN, frame(1, 1, 3, HEADERS_BLOCK), data(1, 9).subarray(0, 12)],
    code.PROTOCOL_ERROR,
  ],
];

describe("what breaks the connection's rules ends it, and the peer is told why", () => {
  for (const [title, frames, expected] of connectionErrors) {
    it(title, async (t) => {
      const closed: Promise<number>[] = [];
      const { port } = await serve(t, (stream) => {
        closed.push(listenTo(stream).closed);
      });
      const peer = openPeer(t, port, []);
      peer.write(...frames);
      const goaway = await peer.ended();
      assert.equal(goaway?.code, expected);
      assert.match(goaway.text, /^.{5,120}$/);
      await Promise.all(closed);
    });
  }

  for (const [title, late] of [
    ["DATA", data(1, 1)],
    ["HEADERS", ENDED],
  ] as const) {
    it(`5.1: ${title} on a stream that has ended`, async (t) => {
      const { port } = await serve(t, (stream) => stream.respond(200, {}, true));
      const peer = openPeer(t, port);
      peer.write(ENDED);
      await peer.headers(1);
      peer.write(late);
      assert.equal((await peer.ended())?.code, code.STREAM_CLOSED);
    });
  }

  it("6.9.1: more DATA than the connection's window lets in", async (t) => {
    const { port } = await serve(t, () => {}, {
      connectionWindowBytes: 10_000,
      streamWindowBytes: 1_000_000,
    });
    const peer = openPeer(t, port);
    // The default window of 65,535 comes first; below half of what the option says, it is filled up to that.
    peer.write(OPEN, ...Array.from({ length: 4 }, () => data(1, 15_000)));
    await peer.sync();
    peer.write(data(1, 15_000));
    assert.equal((await peer.ended())?.code, code.FLOW_CONTROL_ERROR);
  });
});

/** What resets a stream, and leaves the connection as it is. */
const streamErrors: readonly (readonly [title: string, frames: readonly Buffer[], code: number])[] = [
  ["5.1: DATA behind the end of a request", [ENDED, data(1, 1)], code.STREAM_CLOSED],
  ["5.1: HEADERS behind the end of a request", [ENDED, ENDED], code.STREAM_CLOSED],
  [
    "5.3.1: HEADERS that depend on themselves",
    [frame(1, 0x25, 1, Buffer.concat([bytes(0, 0, 0, 1, 0), HEADERS_BLOCK]))],
    code.PROTOCOL_ERROR,
  ],
  [
    "5.3.1: PRIORITY that depends on itself",
    [OPEN, frame(2, 0, 1, bytes(0, 0, 0, 1, 0))],
    code.PROTOCOL_ERROR,
  ],
  ["6.3: PRIORITY of another size", [OPEN, frame(2, 0, 1, bytes(0, 0, 0, 0))], code.FRAME_SIZE_ERROR],
  [
    "6.3: PRIORITY of another size on an idle stream",
    [frame(2, 0, 1, bytes(0, 0, 0, 0))],
    code.FRAME_SIZE_ERROR,
  ],
  ["6.9: WINDOW_UPDATE by 0", [OPEN, windowUpdate(1, 0)], code.PROTOCOL_ERROR],
  ["6.9.1: a stream's window above 2^31-1", [OPEN, windowUpdate(1, 2 ** 31 - 1)], code.FLOW_CONTROL_ERROR],
  [
    "6.9.1: more DATA than the stream's window lets in",
    [OPEN, data(1, 1_000), data(1, 1)],
    code.FLOW_CONTROL_ERROR,
  ],
  ["8.1: trailers that do not end the request", [OPEN, request(1, [["x", "1"]], true)], code.PROTOCOL_ERROR],
  ["8.1: trailers with a pseudo-header", [OPEN, request(1, GET)], code.PROTOCOL_ERROR],
  ["8.1: trailers with a forbidden header", [OPEN, request(1, [["connection", "x"]])], code.PROTOCOL_ERROR],
  [
    "8.1.1: a body shorter than announced",
    [request(1, [...POST, ["content-length", "2"]], true), data(1, 1, true)],
    code.PROTOCOL_ERROR,
  ],
  [
    "8.1.1: a body longer than announced",
    [request(1, [...POST, ["content-length", "2"]], true), data(1, 3)],
    code.PROTOCOL_ERROR,
  ],
  [
    "8.1.1: trailers before the announced body",
    [request(1, [...POST, ["content-length", "2"]], true), request(1, [["x", "1"]])],
    code.PROTOCOL_ERROR,
  ],
  [
    "8.1.1: an announced body that does not come",
    [request(1, [...POST, ["content-length", "2"]])],
    code.PROTOCOL_ERROR,
  ],
  [
    "8.1.1: two lengths",
    [request(1, [...POST, ["content-length", "2"], ["content-length", "3"]])],
    code.PROTOCOL_ERROR,
  ],
  ["8.1.1: a length that is none", [request(1, [...POST, ["content-length", "0x2"]])], code.PROTOCOL_ERROR],
  [
    "8.1.1: a length beyond numbers",
    [request(1, [...POST, ["content-length", "9".repeat(16)]])],
    code.PROTOCOL_ERROR,
  ],
  ["8.2: no pseudo-header", [request(1, [["x", "1"]])], code.PROTOCOL_ERROR],
  ["8.2.1: a name in upper case", [request(1, [...GET, ["X-a", "1"]])], code.PROTOCOL_ERROR],
  ["8.2.1: an empty name", [request(1, [...GET, ["", "1"]])], code.PROTOCOL_ERROR],
  ["8.2.1: a zero byte", [request(1, [...GET, ["x", "a\0"]])], code.PROTOCOL_ERROR],
  ["8.2.1: a space at the end", [request(1, [...GET, ["x", "a "]])], code.PROTOCOL_ERROR],
  ["8.2.2: connection", [request(1, [...GET, ["connection", "close"]])], code.PROTOCOL_ERROR],
  ["8.2.2: transfer-encoding", [request(1, [...GET, ["transfer-encoding", "chunked"]])], code.PROTOCOL_ERROR],
  ["8.2.2: te that is not trailers", [request(1, [...GET, ["te", "gzip"]])], code.PROTOCOL_ERROR],
  ["8.3: a pseudo-header of responses", [request(1, [...GET, [":status", "200"]])], code.PROTOCOL_ERROR],
  ["8.3: a pseudo-header behind a header", [request(1, [["x", "1"], ...GET])], code.PROTOCOL_ERROR],
  ["8.3: a pseudo-header twice", [request(1, [...GET, [":path", "/b"]])], code.PROTOCOL_ERROR],
  ["8.3.1: no :method", [request(1, GET.slice(1))], code.PROTOCOL_ERROR],
  [
    "8.3.1: no :path",
    [
      request(
        1,
        GET.filter(([name]) => name !== ":path"),
      ),
    ],
    code.PROTOCOL_ERROR,
  ],
  [
    "8.3.1: an empty :path",
    [
      request(
        1,
        GET.map(([name, value]) => [name, name === ":path" ? "" : value]),
      ),
    ],
    code.PROTOCOL_ERROR,
  ],
  [
    "8.5: CONNECT with a path",
    [
      request(
        1,
        GET.map(([name, value]) => [name, name === ":method" ? "CONNECT" : value]),
      ),
    ],
    code.PROTOCOL_ERROR,
  ],
];

describe("what breaks a stream's rules resets it, and leaves the connection as it is", () => {
  for (const [title, frames, expected] of streamErrors) {
    it(title, async (t) => {
      const ids: number[] = [];
      const { port } = await serve(
        t,
        (stream) => {
          ids.push(stream.id);
          if (stream.id === 99) stream.respond(200, {}, true);
        },
        { streamWindowBytes: 1_000 },
      );
      const peer = openPeer(t, port);
      peer.write(...frames);
      assert.equal((await peer.next(TYPE.RST_STREAM, 1)).payload.readUInt32BE(0), expected);
      peer.write(GOOD);
      assert.deepEqual(await peer.headers(99), { ":status": "200" });
      assert.deepEqual(ids, [99]);
    });
  }
});

/** What a peer may do, however odd it is. */
const allowed: readonly (readonly [title: string, frames: readonly Buffer[]])[] = [
  [
    "5.5: frames of unknown types, with any flags, on any stream",
    [frame(0x50, 0xff, 0, bytes(1)), frame(0xff, 0, 77)],
  ],
  [
    "5.5: unknown settings",
    [settings([0xff, 1], [8, 1], [1, 0], [1, 65_536], [3, 0], [5, 16_777_215], [2, 0])],
  ],
  [
    "6.2: padded HEADERS with a priority",
    [frame(1, 0x2d, 1, Buffer.concat([bytes(3, 0, 0, 0, 9, 1), HEADERS_BLOCK, Buffer.alloc(3)]))],
  ],
  [
    "6.3: PRIORITY on any stream",
    [frame(2, 0, 1, bytes(0, 0, 0, 3, 1)), OPEN, frame(2, 0, 1, bytes(0x80, 0, 0, 3, 1))],
  ],
  ["6.4: RST_STREAM and WINDOW_UPDATE on a closed stream", [OPEN, reset(1), reset(1), windowUpdate(1, 5)]],
  ["6.8: GOAWAY", [frame(7, 0, 0, Buffer.alloc(20))]],
  ["6.7: an answer to no ping", [frame(6, 1, 0, Buffer.alloc(8))]],
  ["6.9: an announced stream id with its reserved bit", [frame(8, 0, 2 ** 31, bytes(0x80, 0, 0, 1))]],
  ["6.10: empty CONTINUATIONs", [frame(1, 1, 1, HEADERS_BLOCK), frame(9, 0, 1), frame(9, 4, 1)]],
  ["8.1: an empty block of trailers", [OPEN, frame(1, 5, 1)]],
  ["8.1.1: the same length twice", [request(1, [...POST, ["content-length", "0"], ["content-length", "0"]])]],
  ["8.2.2: te: trailers", [request(1, [...GET, ["te", "trailers"]])]],
  [
    "8.5: CONNECT",
    [
      request(1, [
        [":method", "CONNECT"],
        [":authority", "a:1"],
      ]),
    ],
  ],
  ["SETTINGS that take the windows of open streams away", [OPEN, settings([4, 0]), settings([4, 65_535])]],
];

describe("what is allowed changes nothing", () => {
  for (const [title, frames] of allowed) {
    it(title, async (t) => {
      const { port } = await serve(t, (stream) => {
        if (stream.id === 99) stream.respond(200, {}, true);
      });
      const peer = openPeer(t, port);
      peer.write(...frames, GOOD);
      assert.deepEqual(await peer.headers(99), { ":status": "200" });
      assert.deepEqual(
        peer.frames.filter(({ type }) => type === TYPE.GOAWAY || type === TYPE.RST_STREAM),
        [],
      );
    });
  }

  it("what is on its way when we reset a stream is dropped", async (t) => {
    const { port } = await serve(t, (stream) => {
      if (stream.id === 99) stream.respond(200, {}, true);
      else stream.reset(code.CANCEL);
    });
    const peer = openPeer(t, port);
    for (let id = 1; id < 99; id += 2) peer.write(request(id, POST, true));
    await peer.next(TYPE.RST_STREAM, 97);
    for (let id = 1; id < 99; id += 2)
      peer.write(
        data(id, 100),
        data(id, 3),
        windowUpdate(id, 1),
        data(id, 0, true),
        request(id, [["x", "1"]]),
      );
    peer.write(GOOD);
    assert.deepEqual(await peer.headers(99), { ":status": "200" });
    assert.deepEqual(
      peer.frames.filter(({ type }) => type === TYPE.GOAWAY),
      [],
    );
  });
});

describe("header blocks at their bounds", () => {
  const block = request(1, GET).subarray(9);
  const NO_END = 1;
  /** HEADERS without a byte of the block, and so many CONTINUATIONs with all of it, the last of which ends it. */
  const inFrames = (count: number): Buffer =>
    Buffer.concat([
      frame(TYPE.HEADERS, NO_END, 1),
      ...Array.from({ length: count - 2 }, () => frame(TYPE.CONTINUATION, 0, 1)),
      frame(TYPE.CONTINUATION, 4, 1, block),
    ]);
  /** A block of so many bytes, in frames of the greatest size. */
  const ofBytes = (count: number): Buffer => {
    const value = count - block.length - 7; // a literal: its first byte, a name of one, a length of four
    const length = [
      0x7f,
      ((value - 127) & 127) | 128,
      (((value - 127) >> 7) & 127) | 128,
      (value - 127) >> 14,
    ];
    const field = Buffer.concat([Buffer.from([0, 1, 0x78, ...length]), Buffer.alloc(value, "v")]);
    const whole = Buffer.concat([block, field]);
    const rest = Array.from({ length: 3 }, (_, index) =>
      whole.subarray(16_384 * (index + 1), 16_384 * (index + 2)),
    );
    const beyond = whole.subarray(65_536);
    return Buffer.concat([
      frame(TYPE.HEADERS, NO_END, 1, whole.subarray(0, 16_384)),
      ...rest.map((part, index) =>
        frame(TYPE.CONTINUATION, index === 2 && beyond.length === 0 ? 4 : 0, 1, part),
      ),
      ...(beyond.length > 0 ? [frame(TYPE.CONTINUATION, 4, 1, beyond)] : []),
    ]);
  };
  const taken = [
    ["sixteen frames", inFrames(16)],
    ["four times the limit of headers", ofBytes(65_536)],
    [
      "padding alone, and the block behind it",
      frames(frame(TYPE.HEADERS, NO_END | 8, 1, Buffer.from([3, 0, 0, 0]))),
    ],
    [
      "priority alone, and the block behind it",
      frames(frame(TYPE.HEADERS, NO_END | 0x20, 1, Buffer.from([0, 0, 0, 0, 5]))),
    ],
  ] as const;
  const refused = [
    ["seventeen frames", inFrames(17)],
    ["a byte more than four times the limit", ofBytes(65_537)],
  ] as const;

  function frames(first: Buffer): Buffer {
    return Buffer.concat([first, frame(TYPE.CONTINUATION, 4, 1, block)]);
  }

  for (const [title, bytes] of taken)
    it(`${title} are taken`, async (t) => {
      const { port } = await serve(t, (stream) =>
        stream.respond(stream.head.problem === undefined ? 200 : 431, {}, true),
      );
      const peer = openPeer(t, port);
      peer.write(bytes);
      const { ":status": status } = await peer.headers(1);
      assert.equal(status, title.includes("limit") ? "431" : "200");
    });

  for (const [title, bytes] of refused)
    it(`${title} end the connection`, async (t) => {
      const { port } = await serve(t, () => assert.fail());
      const peer = openPeer(t, port);
      peer.write(bytes);
      assert.equal((await peer.ended())?.code, code.ENHANCE_YOUR_CALM);
    });
});

it("the socket ends in good order when its peer does, with and without SETTINGS", async (t) => {
  const { port, sockets } = await serve(t, () => {});
  for (const handshake of [[PREFACE], [PREFACE, SETTINGS, SETTINGS_ACK], [PREFACE.subarray(0, 3)]]) {
    const peer = openPeer(t, port, handshake);
    await peer.next(TYPE.SETTINGS);
    peer.socket.end();
    assert.equal(await peer.ended(), undefined);
  }
  await Promise.all(
    sockets.map((socket) => socket.closed || new Promise((done) => socket.once("close", done))),
  );
});
