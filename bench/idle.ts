import { setTimeout as delay } from "node:timers/promises";
import { callHeaders, envelope, startCall } from "./load/grpc.ts";
import type { ClientStream } from "./load/http2.ts";
import { connectAll, methodPath, type Target, unaryLoad } from "./load/workloads.ts";
import { answers, requests } from "./messages.ts";
import type { PeerSpec } from "./peers/list.ts";
import { type Peer, startPeer } from "./peers/start.ts";
import { targetOf } from "./target.ts";

const connectionCount = 100;

/** Streams that are opened at a time: gRPC's C core, under Python, cancels calls when thousands are pending at once. */
const waveStreams = 500;

/** Connections that are opened at a time: Node keeps 511 waiting, and the system resets the others of a slow server. */
const waveConnections = 200;

/**
 * Resident memory of a fresh server before, with and after `streams` open server streams over 100 connections, each of
 * which has had its first message. Garbage is collected before each reading, where the server has a way to (V8 as if
 * memory ran short, Python's `gc`, Go's `FreeOSMemory`). The start is taken with the connections open and after some
 * thousand calls.
 */
export async function measureIdle(
  spec: PeerSpec,
  streams: number,
): Promise<{ readonly bytesPerStream: number; readonly afterwards: number }> {
  const peer = await startPeer(await spec.command(), spec.environment);
  const target = targetOf(peer);
  const warmUp = unaryLoad("Echo", requests.echo, answers.echo, connectionCount, 1)(target);
  const { at, close } = connectAll(target, connectionCount);
  try {
    await warmUp.run(1_000);
    warmUp.close();
    const before = await settledRss(peer, 0);
    const cancel = await openStreams(target, at, streams);
    const { rssBytes } = await peer.stats("gc");
    cancel();
    const after = await settledRss(peer, before * 1.1);
    return { bytesPerStream: (rssBytes - before) / streams, afterwards: after / before };
  } finally {
    close();
    await peer.stop();
  }
}

/** Memory of a fresh server for each of `count` connections that have made some calls, and are idle since. */
export async function measureIdleConnections(spec: PeerSpec, count: number): Promise<number> {
  const peer = await startPeer(await spec.command(), spec.environment);
  const target = targetOf(peer);
  const load = (connections: number) =>
    unaryLoad("Echo", requests.echo, answers.echo, connections, 1)(target);
  const warmUp = load(connectionCount);
  try {
    await warmUp.run(1_000);
    const before = await settledRss(peer, 0);
    const waves: ReturnType<typeof load>[] = [];
    try {
      while (waves.length * waveConnections < count) {
        const wave = load(Math.min(waveConnections, count - waves.length * waveConnections));
        waves.push(wave);
        await wave.run(200);
      }
      return ((await settledRss(peer, 0)) - before) / count;
    } finally {
      for (const wave of waves) wave.close();
    }
  } finally {
    warmUp.close();
    await peer.stop();
  }
}

async function openStreams(
  target: Target,
  at: ReturnType<typeof connectAll>["at"],
  count: number,
): Promise<() => void> {
  const headers = callHeaders(methodPath("Idle"), target.grpcHeaders);
  const body = envelope(requests.idle);
  const opened: ClientStream[] = [];
  while (opened.length < count) {
    const wave = Array.from({ length: Math.min(waveStreams, count - opened.length) }, () => {
      const first = Promise.withResolvers<void>();
      const stream = startCall(at(opened.length), headers, body, true, {
        message: () => first.resolve(),
        end: (failure) => first.reject(failure ?? new Error("the idle stream has ended")),
      });
      opened.push(stream);
      return first.promise;
    });
    await Promise.all(wave);
  }
  return () => {
    for (const stream of opened) stream.cancel();
  };
}

/** The least of a few readings: memory goes back in steps. Stops early at `enough`. */
async function settledRss(peer: Peer, enough: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < 4 && least > enough; reading++) {
    await delay(250);
    least = Math.min(least, (await peer.stats("gc")).rssBytes);
  }
  return least;
}
