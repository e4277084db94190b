import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { callHeaders, envelope, startCall, unary } from "../../bench/load/grpc.ts";
import { connectHttp2, type Http2Connection } from "../../bench/load/http2.ts";
import { ChatRequestSchema } from "../gen/rig/chat/v1/chat_pb.ts";
import { createRandom, type Random } from "../runrpc/server/lanes/differential/random.ts";
import { heldBytes, memoryOf } from "../wire/memory.ts";
import { type ServeProcess, serve } from "../wire/process.ts";

export interface SoakOptions {
  readonly folder: string;
  readonly http2: "own" | "node";
  /** Open at a time; each lives for some calls, and another takes its place. */
  readonly connections: number;
  /** The longest pause of a connection between two calls, in milliseconds. */
  readonly maxPauseMs: number;
  /** Asked after each call. */
  readonly isOver: (progress: SoakProgress) => boolean;
}

export interface SoakProgress {
  readonly calls: number;
  /** Connections since the start. */
  readonly opened: number;
}

/** What a soak has shown. Bytes of resident memory; of garbage only in `mostBytes`. */
export interface SoakResult extends SoakProgress {
  /** The first ones. */
  readonly failures: readonly string[];
  readonly beforeBytes: number;
  /** With all connections open. */
  readonly mostBytes: number;
  readonly afterBytes: number;
}

/** Calls of one connection, at most. */
const MAX_CALLS = 20;
/** Connections that warm the server up before memory is read. */
const WARM_UP = 50;
const MAX_FAILURES = 5;

/**
 * Clients that come, call in every way and go, with and without a farewell, for as long as it is told, against a process of
 * its own. Afterwards all are gone, and memory is read again.
 */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const flags = ["--http2", options.http2, "--log", "errors", "--max-connections", "20000"];
  const server = await serve(options.folder, ...flags);
  const failures: string[] = [];
  const progress = { calls: 0, opened: 0 };
  const note = (failure: unknown): void => {
    if (failures.length < MAX_FAILURES) failures.push(String(failure));
  };
  const live = async (connections: number, maxPauseMs: number, isOver: () => boolean): Promise<void> => {
    const lives = Array.from({ length: connections }, async (_, index) => {
      const random = createRandom(index);
      while (!isOver()) {
        progress.opened++;
        await liveOnce(server, random, maxPauseMs, isOver, () => progress.calls++).catch(note);
      }
    });
    await Promise.all(lives);
  };
  try {
    await live(WARM_UP, 5, () => progress.calls >= 20 * WARM_UP);
    progress.calls = 0;
    progress.opened = 0;
    const beforeBytes = await heldBytes(server.child);
    let mostBytes = 0;
    const watch = setInterval(async () => {
      mostBytes = Math.max(mostBytes, (await memoryOf(server.child)).bytes);
    }, 500);
    await live(options.connections, options.maxPauseMs, () => options.isOver(progress));
    clearInterval(watch);
    const afterBytes = await heldBytes(server.child);
    return { ...progress, failures, beforeBytes, mostBytes, afterBytes };
  } finally {
    assert.equal(await server.stop(), 0);
  }
}

/** One connection, from its opening to its end. */
async function liveOnce(
  { port, key }: ServeProcess,
  random: Random,
  maxPauseMs: number,
  isOver: () => boolean,
  called: () => void,
): Promise<void> {
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {}); // it may break between two calls
  const connection = connectHttp2(port, broken.reject);
  try {
    for (let left = 1 + random.below(MAX_CALLS); left > 0 && !isOver(); left--) {
      await Promise.race([pause(random.below(maxPauseMs)), broken.promise]);
      await Promise.race([random.pick(CALLS)(connection, key), broken.promise]);
      called();
    }
  } finally {
    connection.close();
  }
}

type CallOnce = (connection: Http2Connection, key: string) => Promise<void>;

const CALLS: readonly CallOnce[] = [listUsers, listUsers, chat, leave];

async function listUsers(connection: Http2Connection, key: string): Promise<void> {
  const headers = callHeaders("/rig.users.v1.UserService/ListUsers", [["x-api-key", key]]);
  await unary(connection, headers, envelope(Buffer.of(8, 1))); // page_size: 1
}

/** Joins a room, hears of it, and leaves. */
function chat(connection: Http2Connection, key: string): Promise<void> {
  const headers = callHeaders("/rig.chat.v1.ChatService/Chat", [["x-api-key", key]]);
  const joining = toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "soak" }));
  return new Promise((resolve, reject) => {
    const stream = startCall(connection, headers, envelope(joining), false, {
      message: () => stream.send(Buffer.alloc(0), true),
      end: (failure) => (failure === undefined ? resolve() : reject(failure)),
    });
  });
}

/** Gives a stream up that has no end. */
async function leave(connection: Http2Connection, key: string): Promise<void> {
  const headers = callHeaders("/rig.events.v1.EventService/StreamEvents", [["x-api-key", key]]);
  const stream = startCall(connection, headers, envelope(Buffer.alloc(0)), true, { end() {} });
  await listUsers(connection, key); // by its answer, the stream has begun
  stream.cancel();
}
