import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { contextOf, take } from "runrpc/testing";
import {
  EventService,
  PublishEventRequestSchema,
  StreamEventsRequestSchema,
} from "../../../gen/events/v1/events_pb.ts";
import { createEventService } from "../../../src/services/events/service.ts";
import { addUser, openTestStore, type TestStore } from "../fixture.ts";

const { method } = EventService;
let db: TestStore;
let service: ReturnType<typeof createEventService>;

before(async () => {
  db = await openTestStore();
  service = createEventService(db.queries.events, db.wakeups);
});

after(() => db[Symbol.asyncDispose]());

async function publish(userId: string, type: string, payload?: JsonObject): Promise<bigint> {
  const request = create(PublishEventRequestSchema, payload === undefined ? { type } : { type, payload });
  const { event } = await service.publishEvent(request, contextOf(method.publishEvent, { subject: userId }));
  return event?.id ?? 0n;
}

function open(userId: string, afterId: bigint | undefined, signal?: AbortSignal, events = service) {
  const request = create(StreamEventsRequestSchema, afterId === undefined ? {} : { afterId });
  return events
    .streamEvents(request, contextOf(method.streamEvents, { subject: userId, signal }))
    [Symbol.asyncIterator]();
}

/** The same queries, with the readings that they begin, in order. */
function observe(events: TestStore["queries"]["events"]) {
  const readings: Promise<unknown>[] = [];
  function observed<T>(reading: Promise<T>): Promise<T> {
    readings.push(reading);
    return reading;
  }
  const queries: typeof events = {
    ...events,
    lastEventId: (...args) => observed(events.lastEventId(...args)),
    listEvents: (...args) => observed(events.listEvents(...args)),
  };
  return { queries, readings };
}

async function typesOf(stream: ReturnType<typeof open>, count: number): Promise<string[]> {
  return (await take(stream, count)).map(({ event }) => event?.type ?? "");
}

test("after_id 0 sends all of the caller's events in order, and no one else's", async () => {
  const [userId, other] = [await addUser(db.queries), await addUser(db.queries)];
  for (const type of ["a", "b"]) await publish(userId, type);
  await publish(other, "x");
  await publish(userId, "c");
  const stream = open(userId, 0n);
  assert.deepEqual(await typesOf(stream, 3), ["a", "b", "c"]);
  const next = typesOf(stream, 1);
  await publish(other, "y");
  await publish(userId, "d");
  assert.deepEqual(await next, ["d"]);
  await stream.return?.();
});

test("after_id resumes behind the event with that id", async () => {
  const userId = await addUser(db.queries);
  await publish(userId, "a");
  const id = await publish(userId, "b");
  await publish(userId, "c");
  assert.deepEqual(await typesOf(open(userId, id), 1), ["c"]);
});

test("without after_id a stream starts with what is written from there on", async () => {
  const userId = await addUser(db.queries);
  await publish(userId, "before");
  const { queries, readings } = observe(db.queries.events);
  const next = typesOf(open(userId, undefined, undefined, createEventService(queries, db.wakeups)), 1);
  // The stream has its starting point when its own reading of it is answered: Postgres answers reads in any order.
  await readings[0];
  await publish(userId, "after");
  assert.deepEqual(await next, ["after"]);
});

test("an event comes back with its payload, time and id", async () => {
  const userId = await addUser(db.queries);
  const payload = { text: "ü", list: [1, null, { deep: true }] };
  const request = create(PublishEventRequestSchema, { type: "paid", payload });
  const { event } = await service.publishEvent(request, contextOf(method.publishEvent, { subject: userId }));
  await publish(userId, "bare");
  const [first, second] = await take(open(userId, 0n), 2);
  assert.deepEqual(first?.event?.payload, payload);
  assert.deepEqual([first?.event?.id, first?.event?.type], [event?.id, "paid"]);
  assert.equal(first?.event?.createTime?.seconds, event?.createTime?.seconds);
  assert.equal(second?.event?.payload, undefined);
});

test("a backlog of several pages is sent whole", async () => {
  const userId = await addUser(db.queries);
  await Promise.all(Array.from({ length: 1_201 }, (_, index) => publish(userId, `e${index}`)));
  const types = await typesOf(open(userId, 0n), 1_201);
  assert.equal(new Set(types).size, 1_201);
});

test("payloads too big for one page are sent whole", async () => {
  const userId = await addUser(db.queries);
  for (let index = 0; index < 5; index++) await publish(userId, `e${index}`, { text: "x".repeat(2_000_000) });
  assert.deepEqual(await typesOf(open(userId, 0n), 5), ["e0", "e1", "e2", "e3", "e4"]);
});

test("an event that is written after a stream has read and before it waits is sent", async () => {
  const userId = await addUser(db.queries);
  const { events } = db.queries;
  let isFirst = true;
  const racingQueries: typeof events = {
    ...events,
    async listEvents(...args) {
      const page = await events.listEvents(...args);
      if (!isFirst) return page;
      isFirst = false;
      const request = create(PublishEventRequestSchema, { type: "between" });
      await racing.publishEvent(request, contextOf(method.publishEvent, { subject: userId }));
      return page;
    },
  };
  const racing = createEventService(racingQueries, db.wakeups);
  const context = contextOf(method.streamEvents, { subject: userId });
  const stream = racing.streamEvents(create(StreamEventsRequestSchema, { afterId: 0n }), context);
  assert.deepEqual(await typesOf(stream[Symbol.asyncIterator](), 1), ["between"]);
});

test("1,000 streams get each event once, in order, while publishing races with subscribing", async () => {
  const userId = await addUser(db.queries);
  const expected = Array.from({ length: 40 }, (_, index) => `e${index}`);
  const published = (async () => {
    for (const type of expected) await publish(userId, type);
  })();
  const streams = await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      // Some streams begin with each turn of the store.
      for (let turn = 0; turn < index / 25; turn++) await db.queries.events.lastEventId({ userId });
      const stream = open(userId, 0n);
      assert.deepEqual(await typesOf(stream, expected.length), expected);
      return stream;
    }),
  );
  await published;
  const more = streams.map((stream) => typesOf(stream, 1));
  await publish(userId, "last");
  for (const types of await Promise.all(more)) assert.deepEqual(types, ["last"]);
});

test("an event costs 1,000 waiting streams of one user a single reading", async () => {
  const userId = await addUser(db.queries);
  const { queries, readings } = observe(db.queries.events);
  const observed = createEventService(queries, db.wakeups);
  const streams = Array.from({ length: 1_000 }, () => open(userId, 0n, undefined, observed));
  const next = streams.map((stream) => typesOf(stream, 1));
  await readings[0];
  await publish(userId, "one");
  for (const types of await Promise.all(next)) assert.deepEqual(types, ["one"]);
  assert.equal(readings.length, 2);
});

test("a cancelled stream ends at once with the reason of its signal", async () => {
  const userId = await addUser(db.queries);
  const cancel = new AbortController();
  const stream = open(userId, undefined, cancel.signal);
  const next = stream.next();
  await db.queries.events.lastEventId({ userId });
  const reason = new ConnectError("gone", Code.Canceled);
  cancel.abort(reason);
  await assert.rejects(next, reason);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

test("without a user, both methods are UNAUTHENTICATED", async () => {
  const isRefusal = (error: unknown) => error instanceof ConnectError && error.code === Code.Unauthenticated;
  const context = contextOf(method.streamEvents);
  const stream = service.streamEvents(create(StreamEventsRequestSchema, {}), context);
  await assert.rejects(stream[Symbol.asyncIterator]().next(), isRefusal);
  const request = create(PublishEventRequestSchema, { type: "a" });
  await assert.rejects(async () => service.publishEvent(request, context), isRefusal);
});
