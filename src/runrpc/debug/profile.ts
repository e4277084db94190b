import { setTimeout as delay } from "node:timers/promises";
import { getHeapSnapshot, startCpuProfile } from "node:v8";
import { Code, ConnectError } from "@connectrpc/connect";

/** Takes profiles of this thread, one at a time. What it gives is JSON that DevTools opens, in pieces. */
export interface Profiler {
  /** Where time is spent. It ends early, without a file, when the signal aborts. */
  cpu(durationMs: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** What memory holds. The thread stands still while it is taken. */
  heap(): AsyncIterable<Uint8Array>;
}

/** Small beside the greatest message of any client. */
const PIECE_BYTES = 65_536;

export function createProfiler(): Profiler {
  let isBusy = false;

  async function* alone(take: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    if (isBusy) throw new ConnectError("a profile is being taken: try again later", Code.ResourceExhausted);
    isBusy = true;
    try {
      yield* take();
    } finally {
      isBusy = false;
    }
  }

  return {
    cpu: (durationMs, signal) => alone(() => cpuProfile(durationMs, signal)),
    heap: () => alone(heapSnapshot),
  };
}

async function* cpuProfile(durationMs: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const recording = startCpuProfile();
  let text: string;
  try {
    await delay(durationMs, undefined, { signal });
  } finally {
    text = recording.stop();
  }
  yield* piecesOf(Buffer.from(text));
}

async function* heapSnapshot(): AsyncGenerator<Uint8Array> {
  // Its own pieces are 64 KiB; Node's stream types their chunks as anything.
  for await (const piece of getHeapSnapshot()) yield* piecesOf(piece as Buffer);
}

function* piecesOf(bytes: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
