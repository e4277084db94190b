import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Outbox, Wakeups } from "runrpc";
import { type ChatResponse, ChatResponse_Kind, ChatResponseSchema } from "../../../gen/chat/v1/chat_pb.ts";
import type { ChatQueries, MessageRow } from "./queries.ts";

/** Messages in one reading. */
const pageSize = 100;

/** One call in a room. */
export interface Member {
  readonly callId: string;
  readonly outbox: Outbox<ChatResponse>;
}

/** A place in a room. */
export interface Place {
  /** Resolves when the member hears all that is stored from then on. Rejects when the room cannot be read. */
  readonly entered: Promise<void>;
  /** May be called twice. */
  leave(): void;
}

/** Who of this process is in which room. What is said in a room is heard in every process that shares the database. */
export interface Rooms {
  join(room: string, member: Member): Place;
  /** Has the room heard in every process; to be called when a message is stored. */
  notify(room: string): void;
  /** Rooms with somebody in them. */
  readonly size: number;
}

interface Room {
  readonly name: string;
  readonly members: Set<Member>;
  readonly entered: PromiseWithResolvers<void>;
  readonly over: AbortController;
}

/**
 * Makes the rooms of one process; no one is in any. The table is the truth and the wake-ups are hints: a room with somebody in it
 * reads what was stored since whenever it is woken, and passes each message to all but the call that said it. It never waits for a
 * reader.
 */
export function createRooms(queries: ChatQueries, wakeups: Wakeups): Rooms {
  const rooms = new Map<string, Room>();

  function open(name: string): Room {
    const room: Room = {
      name,
      members: new Set(),
      entered: Promise.withResolvers(),
      over: new AbortController(),
    };
    rooms.set(name, room);
    // Whoever has left does not hear of it.
    room.entered.promise.catch(() => {});
    void follow(room);
    return room;
  }

  function leave(room: Room, member: Member): void {
    room.members.delete(member);
    if (room.members.size > 0 || rooms.get(room.name) !== room) return;
    rooms.delete(room.name);
    room.over.abort(new Error("nobody is in the room any more"));
  }

  /** Reads and passes on for as long as somebody is in the room. */
  async function follow(room: Room): Promise<void> {
    const { name, members, entered } = room;
    const { signal } = room.over;
    const topic = wakeups.join(topicOf(name));
    try {
      let version = topic.version;
      let afterId = await queries.lastMessageId({ room: name }, { signal });
      entered.resolve();
      for (;;) {
        const rows = await queries.listMessages({ room: name, afterId, limit: pageSize }, { signal });
        for (const row of rows) pass(room, row);
        afterId = rows.at(-1)?.id ?? afterId;
        if (rows.length < pageSize) await topic.waitPast(version, signal);
        version = topic.version;
      }
    } catch (reason) {
      entered.reject(reason);
      for (const member of members) {
        member.outbox.fail(reason);
        leave(room, member);
      }
    } finally {
      topic.leave();
    }
  }

  function pass(room: Room, { id, userId, text, createTime, callId }: MessageRow): void {
    const message = create(ChatResponseSchema, {
      kind: ChatResponse_Kind.MESSAGE,
      text,
      time: timestampFromDate(createTime),
      room: room.name,
      userId,
      messageId: BigInt(id),
    });
    for (const member of room.members) {
      if (member.callId === callId) continue;
      member.outbox.push(message);
      // A reader that fell too far behind is out at once; its call ends when it reads again.
      if (member.outbox.ended) leave(room, member);
    }
  }

  return {
    get size() {
      return rooms.size;
    },
    notify: (room) => wakeups.notify(topicOf(room)),
    join(name, member) {
      const room = rooms.get(name) ?? open(name);
      room.members.add(member);
      return { entered: room.entered.promise, leave: () => leave(room, member) };
    },
  };
}

/** What a room waits under. */
function topicOf(room: string): string {
  return `messages in ${room}`;
}
