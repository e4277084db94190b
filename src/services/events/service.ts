import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  checkStorable,
  createSharedReads,
  requirePrincipal,
  type ServiceImpl,
  sendHeaders,
  type Wakeups,
} from "runrpc";
import {
  type EventSchema,
  type EventService,
  type StreamEventsResponse,
  StreamEventsResponseSchema,
} from "../../../gen/events/v1/events_pb.ts";
import type { EventQueries, EventRow } from "./queries.ts";

/** Events in one reading. */
const pageSize = 500;

/** Characters of payload in one reading, which all streams that send it share. */
const maxPageChars = 4_194_304;

/** Events that several streams send, as messages that are made once for all of them. */
interface Page {
  readonly messages: readonly StreamEventsResponse[];
  readonly lastId: number;
  readonly more: boolean;
}

/**
 * The caller's events, as events/v1 describes them. The table is the truth and the wake-ups are hints: a stream reads
 * from its cursor whenever it is woken, so that it sends each event once, in order. Ten thousand streams of a user that
 * are woken at once share one reading.
 */
export function createEventService(
  queries: EventQueries,
  wakeups: Wakeups,
): ServiceImpl<typeof EventService> {
  const pages = createSharedReads<Page>();
  const lastIds = createSharedReads<number>();

  async function readPage(userId: string, afterId: number, signal: AbortSignal): Promise<Page> {
    const input = { userId, afterId, limit: pageSize, maxSize: maxPageChars };
    const { rows, more } = await queries.listEvents(input, { signal });
    const messages = rows.map((row) => create(StreamEventsResponseSchema, { event: eventFromRow(row) }));
    return { messages, lastId: rows.at(-1)?.id ?? afterId, more };
  }

  return {
    async publishEvent({ type, payload }, context) {
      const { subject: userId } = requirePrincipal(context);
      checkStorable("payload", payload);
      const event = { type, payload: payload ?? null, createTime: new Date() };
      // Without the call's signal: a write that commits after its caller has gone must still wake the streams.
      const id = await queries.addEvent({ userId, type, payload: event.payload, at: event.createTime });
      wakeups.notify(topicOf(userId));
      return { event: eventFromRow({ id, ...event }) };
    },

    async *streamEvents({ afterId }, context) {
      const { subject: userId } = requirePrincipal(context);
      const { signal } = context;
      const topic = wakeups.join(topicOf(userId));
      try {
        let version = topic.version;
        let cursor =
          afterId === undefined
            ? await lastIds.read(
                `${userId} ${version}`,
                (shared) => queries.lastEventId({ userId }, { signal: shared }),
                signal,
              )
            : Number(afterId);
        // Whoever has the headers misses nothing from here on; the first event may be long in coming.
        sendHeaders(context);
        for (;;) {
          const from = cursor;
          const page = await pages.read(
            `${userId} ${version} ${from}`,
            (shared) => readPage(userId, from, shared),
            signal,
          );
          for (const message of page.messages) {
            signal.throwIfAborted();
            yield message;
          }
          cursor = page.lastId;
          if (!page.more) await topic.waitPast(version, signal);
          version = topic.version;
        }
      } finally {
        topic.leave();
      }
    },
  };
}

/** What streams of a user's events wait under. */
function topicOf(userId: string): string {
  return `events of ${userId}`;
}

function eventFromRow({ id, type, payload, createTime }: EventRow): MessageInitShape<typeof EventSchema> {
  const event = { id: BigInt(id), type, createTime: timestampFromDate(createTime) };
  // Stored by addEvent, which takes it from a Struct.
  return payload === null ? event : { ...event, payload: payload as JsonObject };
}
