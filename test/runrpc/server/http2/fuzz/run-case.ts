import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import type { Connection } from "../../../../../src/runrpc/server/http2/connection.ts";
import { createHttp2Engine } from "../../../../../src/runrpc/server/http2/engine.ts";
import { CANCEL, STREAM_CLOSED } from "../../../../../src/runrpc/server/http2/errors.ts";
import { HTTP2_DEFAULTS } from "../../../../../src/runrpc/server/http2/options.ts";
import type { Stream } from "../../../../../src/runrpc/server/http2/stream.ts";
import { createRandom, type Random } from "../../lanes/differential/random.ts";
import { frame, HANDSHAKE, type Peer, peerOn, TYPE } from "../peer.ts";
import { type State, validFrames } from "./traffic.ts";
import { type Violation, violation } from "./violations.ts";

/** A run with one seed: frames within the rules, then one that breaks them, or bytes changed at random. */
export async function runCase(seed: number): Promise<void> {
  const random = createRandom(seed);
  const test = open(random);
  const state: State = { nextId: 1, open: [], closed: [] };
  test.peer.write(...HANDSHAKE);
  const count = random.below(30);
  const valid = Buffer.concat(Array.from({ length: count }, () => validFrames(state, random)));
  if (random.chance(0.3)) {
    await send(test.peer, changed(valid, random), random);
    await assertAnswers(test);
  } else {
    await send(test.peer, valid, random);
    await assertLives(test);
    const broken = violation(state, random);
    await send(test.peer, broken.bytes, random);
    await assertTold(test, broken);
  }
  await assertEnds(test);
}

interface Case {
  readonly peer: Peer;
  readonly connection: Connection;
  readonly errors: readonly unknown[];
  /** What each stream was told, by its id. */
  readonly events: ReadonlyMap<number, string[]>;
}

function open(random: Random): Case {
  const [near, far] = duplexPair();
  const errors: unknown[] = [];
  const events = new Map<number, string[]>();
  const engine = createHttp2Engine(HTTP2_DEFAULTS, {
    onDropped() {},
    onError: (error) => errors.push(error),
    onStream(stream) {
      const told: string[] = [];
      assert.equal(events.has(stream.id), false);
      events.set(stream.id, told);
      serveAtRandom(stream, told, random);
    },
  });
  // A duplex has all of a socket that the engine uses, and needs no system calls.
  const connection = engine.serve(near as unknown as Socket);
  const peer = peerOn(far as unknown as Socket);
  return { peer, connection, errors, events };
}

function serveAtRandom(stream: Stream, told: string[], random: Random): void {
  const answer = (): void => {
    stream.respond(200, { "content-type": "text/plain", "x-request-id": String(stream.id) });
    if (random.chance(0.3)) stream.write(Buffer.alloc(random.below(40_000)));
    stream.end(Buffer.alloc(random.below(100)), random.chance(0.5) ? { "grpc-status": "0" } : undefined);
  };
  stream.handler = {
    data() {
      told.push("data");
      if (random.chance(0.1)) stream.pause();
      if (random.chance(0.1)) stream.resume();
    },
    ended() {
      told.push("ended");
      if (random.chance(0.5)) answer();
    },
    drained: () => told.push("drained"),
    finished() {},
    closed: () => told.push("closed"),
  };
  if (random.chance(0.8)) stream.start();
  if (random.chance(0.1)) answer();
  if (random.chance(0.05)) stream.reset(8);
}

async function send(peer: Peer, bytes: Buffer, random: Random): Promise<void> {
  const most = random.pick([3, 20, 200, 100_000]);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(most));
    peer.write(bytes.subarray(at, end));
    at = end;
    if (random.chance(0.1)) await turn();
  }
}

function changed(bytes: Buffer, random: Random): Buffer {
  for (let count = 1 + random.below(4); count > 0 && bytes.length > 0; count--)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The connection answers a ping. */
async function assertLives({ peer, connection }: Case): Promise<void> {
  await peer.sync().catch(() => {});
  const last = peer.frames.findLast(({ type }) => type === TYPE.GOAWAY);
  assert.equal(connection.isOver, false, `a valid connection was ended: ${last?.payload.toString("latin1")}`);
}

/** The connection answers a ping, waits for the rest of a frame or a block, or has ended with one of the codes. */
async function assertAnswers({ peer, connection }: Case): Promise<void> {
  peer.write(frame(TYPE.PING, 0, 0, Buffer.alloc(8, 0x55)));
  for (let index = 0; index < 6; index++) await turn();
  if (!connection.isOver) return;
  const ended = await peer.ended();
  assert.ok(
    ended !== undefined && ended.code >= 1 && ended.code <= 11 && ended.code !== 2,
    `ended with ${ended?.code}`,
  );
}

async function assertTold({ peer, connection }: Case, { code, id }: Violation): Promise<void> {
  if (id === 0) {
    assert.equal((await peer.ended())?.code, code);
    return;
  }
  await peer.sync().catch(() => {});
  if (connection.isOver) {
    // The server had answered: what comes behind the end of both sides is the connection's error.
    assert.deepEqual([code, (await peer.ended())?.code], [STREAM_CLOSED, STREAM_CLOSED]);
    return;
  }
  const resets = peer.frames.filter((found) => found.type === TYPE.RST_STREAM && found.id === id);
  const codes = resets.map(({ payload }) => payload.readUInt32BE(0));
  // The server may have reset it before, by itself.
  assert.ok(
    codes.includes(code) || codes.includes(CANCEL),
    `stream ${id} was reset with ${codes}, not ${code}`,
  );
}

/** Nothing is left: each stream has been told of its end, once and last. */
async function assertEnds({ connection, errors, events }: Case): Promise<void> {
  connection.destroy();
  await turn();
  assert.deepEqual(errors, []);
  assert.deepEqual(connection.openStreams, []);
  for (const [id, told] of events) {
    assert.equal(told.indexOf("closed"), told.length - 1, `stream ${id}: ${told}`);
    const ended = told.indexOf("ended");
    assert.ok(
      ended === -1 || !told.slice(ended + 1).some((event) => event === "data" || event === "ended"),
      `stream ${id}: ${told}`,
    );
  }
}
