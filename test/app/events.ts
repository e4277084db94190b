import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  checkStorable,
  createSharedReads,
  requirePrincipal,
  type ServiceImpl,
  sendHeaders,
  type Wakeups,
} from "runrpc";
import type { EventSchema, EventService } from "../gen/rig/events/v1/events_pb.ts";
import type { EventRow, RigQueries } from "./queries.ts";

/** Events in one reading, which all streams that send them share. */
const pageSize = 500;

/** The caller's events, as rig/events/v1 describes them. */
export function createEventService(queries: RigQueries, wakeups: Wakeups): ServiceImpl<typeof EventService> {
  const pages = createSharedReads<readonly EventRow[]>();

  return {
    async publishEvent({ type, payload }, context) {
      const { subject: userId } = requirePrincipal(context);
      checkStorable("payload", payload);
      const event = { type, payload: payload ?? null, createTime: new Date() };
      // Without the call's signal: what is stored wakes the streams, though its caller may have gone.
      const id = await queries.addEvent({ userId, ...event });
      wakeups.notify(userId);
      return { event: eventFromRow({ id, ...event }) };
    },

    async *streamEvents({ afterId }, context) {
      const { subject: userId } = requirePrincipal(context);
      const { signal } = context;
      const topic = wakeups.join(userId);
      try {
        let { version } = topic;
        let cursor =
          afterId === undefined ? await queries.lastEventId({ userId }, { signal }) : Number(afterId);
        sendHeaders(context);
        for (;;) {
          const input = { userId, afterId: cursor, limit: pageSize };
          const key = `${userId} ${version} ${cursor}`;
          const rows = await pages.read(
            key,
            (shared) => queries.listEvents(input, { signal: shared }),
            signal,
          );
          for (const row of rows) {
            signal.throwIfAborted();
            yield { event: eventFromRow(row) };
          }
          cursor = rows.at(-1)?.id ?? cursor;
          if (rows.length < pageSize) await topic.waitPast(version, signal);
          version = topic.version;
        }
      } finally {
        topic.leave();
      }
    },
  };
}

function eventFromRow({ id, type, payload, createTime }: EventRow): MessageInitShape<typeof EventSchema> {
  const event = { id: BigInt(id), type, createTime: timestampFromDate(createTime) };
  // Stored by publishEvent, which takes it from a Struct.
  return payload === null ? event : { ...event, payload: payload as JsonObject };
}
