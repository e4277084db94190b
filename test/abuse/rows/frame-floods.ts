import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { createFloods, type Flood } from "../../runrpc/server/http2/floods.ts";
import { answersPing, openRawHttp2, type RawConnection, untilFrame } from "../raw.ts";
import type { Arena, Row } from "../row.ts";
import type { Subject } from "../subject.ts";

/** As the server announces them by default. */
const MAX_STREAMS = 100;
/** Rounds in one write. */
const BATCH = 500;
/** A flood that has cost so many bytes, or rounds, was not ended. */
const MOST_BYTES = 64e6;
const MOST_ROUNDS = 1_000_000;
/** What node:http2 is sent of one that it does not end: HPACK references would hold its loop for seconds. */
const NODE_BYTES = 4e6;
/** From the first byte of a flood to its end, on a machine that does nothing else: `npm run abuse` holds it to that. */
const END_MS = 1_000;

const GOAWAY = 7;

/** Frames that cost their sender little: each flood ends its connection, and a good client beside it does not feel it. */
export const frameFloods: Row = {
  name: "frame floods",
  async attack(arena) {
    const server = await arena.serve();
    const floods = createFloods({ fields: headOf(server), maxStreams: MAX_STREAMS });
    if (arena.http2 === "own") await onOwn(arena, server, floods);
    else await onNode(arena, server, floods);
  },
};

/** Each flood ends its connection, again and again, and its peer is told why. */
async function onOwn(arena: Arena, { port }: Subject, floods: readonly Flood[]): Promise<void> {
  let slowestMs = 0;
  let slowest = "";
  for (const flood of floods) {
    for (let again = arena.rounds(5, 1); again > 0; again--) {
      await arena.attempt(flood.title, async () => {
        const connection = await openRawHttp2(port);
        const begin = performance.now();
        const { rounds } = await pour(connection, flood, MOST_ROUNDS, MOST_BYTES);
        await connection.closed;
        const endedMs = performance.now() - begin;
        const goaway = await untilFrame(connection, ({ type }) => type === GOAWAY);
        const code = goaway?.payload.readUInt32BE(4);
        assert.ok(code !== undefined && flood.codes.includes(code), `${code} after ${rounds} rounds`);
        assert.ok(endedMs < END_MS || !arena.isWhole, `it took ${Math.round(endedMs)} ms`);
        if (endedMs > slowestMs) [slowestMs, slowest] = [endedMs, flood.title];
      });
    }
  }
  arena.note(`the flood that was ended last: ${slowest}, after ${Math.round(slowestMs)} ms`);
}

/** node:http2 tells nobody of some frames: a flood of these is taken whole, for next to nothing. */
async function onNode(arena: Arena, { port }: Subject, floods: readonly Flood[]): Promise<void> {
  const taken: string[] = [];
  for (const flood of floods) {
    await arena.attempt(flood.title, async () => {
      const connection = await openRawHttp2(port);
      const { isEnded } = await pour(connection, flood, arena.rounds(500_000, 20_000), NODE_BYTES);
      if (isEnded) await connection.closed;
      else if (await answers(connection)) taken.push(flood.title);
      connection.socket.destroy();
      assert.ok(!HELD_BY_NODE.has(flood.title) || !taken.includes(flood.title), "the session goes on");
    });
  }
  if (taken.length > 0) arena.notHeldByNode(`${taken.join(", ")}: these never end their session`);
}

/** All of it was read, and the session goes on. */
async function answers(connection: RawConnection): Promise<boolean> {
  return await answersPing(connection, 25_000).then(
    () => true,
    () => false,
  );
}

/** What the listener counts by itself, or nghttp2 does. */
const HELD_BY_NODE: ReadonlySet<string> = new Set([
  "PING",
  "SETTINGS",
  "PRIORITY",
  "PRIORITY_UPDATE",
  "unknown frames",
  "empty DATA",
  "DATA without padding or bytes",
  "CONTINUATION without an end",
  "empty CONTINUATION without an end",
  "streams that are reset at once",
]);

/** Sends rounds until the server has ended the connection, or all are sent. */
async function pour(
  connection: RawConnection,
  { first, firstId, round }: Flood,
  count: number,
  mostBytes: number,
): Promise<{ readonly rounds: number; readonly isEnded: boolean }> {
  let rounds = 0;
  let bytes = first.length;
  let goesOn = await connection.send(first);
  while (goesOn && rounds < count && bytes < mostBytes) {
    const batch = Buffer.concat(
      Array.from({ length: BATCH }, (_, index) => round(firstId + 2 * (rounds + index))),
    );
    rounds += BATCH;
    bytes += batch.length;
    goesOn = await connection.send(batch);
    await turn(); // what the server says is read only between two turns
  }
  return { rounds, isEnded: !goesOn || connection.socket.destroyed };
}

/** A call that stays open for as long as its client does. */
function headOf({ key }: Subject): readonly (readonly [string, string])[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/rig.chat.v1.ChatService/Chat"],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["x-api-key", key],
  ];
}
