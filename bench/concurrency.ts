// Many calls that wait, and many streams that hear of one event: `node bench/concurrency.ts`. Both ends hold a few
// hundred descriptors (100 connections, 100 streams each), so the usual `ulimit -n` of 1,024 is enough.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  PublishEventRequestSchema,
  PublishEventResponseSchema,
  StreamEventsRequestSchema,
  StreamEventsResponseSchema,
} from "../test/gen/rig/events/v1/events_pb.ts";
import { type Finding, printFindings, withServer } from "./finding.ts";
import { WaitRequestSchema } from "./gen/bench/v1/bench_pb.ts";
import { callHeaders, envelope, startCall, unary } from "./load/grpc.ts";
import { connectAll, methodPath } from "./load/workloads.ts";
import type { Peer } from "./peers/start.ts";
import { targetOf } from "./target.ts";

const waitMs = 6_000;
const waitingCalls = 1_000;
const streamCount = 10_000;
const streamsPerConnection = 100;

export function measureWaits(): Promise<Finding[]> {
  return withServer("ours.ts", ["auto", "on", "<folder>"], async (peer) => {
    const target = targetOf(peer);
    const { at, close } = connectAll(target, waitingCalls / streamsPerConnection);
    const headers = callHeaders(methodPath("Wait"), target.grpcHeaders);
    const body = envelope(toBinary(WaitRequestSchema, create(WaitRequestSchema, { milliseconds: waitMs })));
    const begin = performance.now();
    await Promise.all(Array.from({ length: waitingCalls }, (_, index) => unary(at(index), headers, body)));
    const elapsedMs = performance.now() - begin;
    close();
    const what = `${waitingCalls} calls that wait ${waitMs / 1_000} s each, all answered after`;
    return [{ what, value: elapsedMs, unit: "ms", most: 6_500 }];
  });
}

export function measureEvents(): Promise<Finding[]> {
  return withServer("app.ts", ["<folder>"], async (peer) => {
    const target = targetOf(peer);
    const { at, close } = connectAll(target, streamCount / streamsPerConnection);
    const publisher = connectAll(target, 1);
    const publish = createPublisher(publisher.at(0), peer);
    const startRss = (await peer.stats("gc")).rssBytes;

    // The first event shows that a stream is open, the second is the one that counts, the third ends the count: events
    // come in order, so a second that came twice or never has shown by then.
    const first = await publish("first");
    const listener = createListener(first);
    const openedAt = performance.now();
    const headers = callHeaders("/rig.events.v1.EventService/StreamEvents", [["x-api-key", peer.key ?? ""]]);
    const request = create(StreamEventsRequestSchema, { afterId: 0n });
    const body = envelope(toBinary(StreamEventsRequestSchema, request));
    for (let index = 0; index < streamCount; index++) {
      const hear = listener.add();
      startCall(at(index), headers, body, true, {
        message: (bytes) => hear(fromBinary(StreamEventsResponseSchema, bytes).event?.id ?? 0n),
        end: (failure) => listener.fail(failure ?? new Error("a stream of events has ended")),
      });
    }
    await listener.reached(1);
    const openMs = performance.now() - openedAt;
    const openRss = (await peer.stats("gc")).rssBytes;
    const publishedAt = performance.now();
    listener.expect(await publish("second"));
    await listener.reached(2);
    const heardMs = performance.now() - publishedAt;
    listener.expect(await publish("third"));
    await listener.reached(3);
    close();
    publisher.close();
    return [
      {
        what: "streams that got an event published once, once",
        value: streamCount,
        unit: "streams",
        least: 10_000,
      },
      { what: "all of them opened and caught up after", value: openMs, unit: "ms" },
      { what: "the event with all of them after", value: heardMs, unit: "ms" },
      { what: "memory of the app before", value: startRss / 1e6, unit: "MB" },
      { what: "memory for each open stream", value: (openRss - startRss) / streamCount / 1e3, unit: "KB" },
    ];
  });
}

function createPublisher(connection: Parameters<typeof unary>[0], peer: Peer) {
  const headers = callHeaders("/rig.events.v1.EventService/PublishEvent", [["x-api-key", peer.key ?? ""]]);
  return async (type: string): Promise<bigint> => {
    const request = create(PublishEventRequestSchema, { type, payload: { text: "something happened" } });
    const answer = await unary(connection, headers, envelope(toBinary(PublishEventRequestSchema, request)));
    return fromBinary(PublishEventResponseSchema, answer).event?.id ?? 0n;
  };
}

/** Holds what each stream has heard against what was published. */
function createListener(first: bigint) {
  const published = [first];
  const heardBy: bigint[][] = [];
  let total = 0;
  let failed: Error | undefined;
  let changed = Promise.withResolvers<void>();
  return {
    fail(reason: Error): void {
      failed ??= reason;
      changed.resolve();
    },
    expect: (id: bigint) => published.push(id),
    /** Adds a stream; returns what to call with each id that it hears. */
    add() {
      const heard: bigint[] = [];
      heardBy.push(heard);
      return (id: bigint): void => {
        heard.push(id);
        total++;
        changed.resolve();
      };
    },
    /** Resolves when every stream has heard the first `events` events, each once and in order. */
    async reached(events: number): Promise<void> {
      while (total < events * heardBy.length && failed === undefined) {
        await changed.promise;
        changed = Promise.withResolvers();
      }
      if (failed !== undefined) throw failed;
      const expected = published.join();
      const wrong = heardBy.find((heard) => heard.join() !== expected);
      if (wrong !== undefined) throw new Error(`a stream heard events ${wrong} instead of ${expected}`);
    },
  };
}

if (import.meta.main) {
  printFindings("calls that wait", await measureWaits());
  printFindings("streams that wait", await measureEvents());
}
