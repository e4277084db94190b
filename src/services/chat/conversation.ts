import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Outbox } from "runrpc";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponse_Kind,
  ChatResponseSchema,
} from "../../../gen/chat/v1/chat_pb.ts";
import type { ChatQueries } from "./queries.ts";
import type { Rooms } from "./rooms.ts";

/** Messages of one caller that are on their way to the database at a time. */
const maxUnstored = 32;

/** One call's half of a chat: what its caller says. */
export interface Conversation {
  /**
   * Takes the caller's messages until there are no more, then leaves the room and ends the outbox when every receipt is
   * in it. Never rejects: an error ends the outbox.
   */
  hear(requests: AsyncIterable<ChatRequest>): Promise<void>;
  /** Leaves the room, if the caller is in one. */
  leave(): void;
}

/** Makes the conversation of the user with this id, whose answers go into the outbox. */
export function createConversation(
  userId: string,
  outbox: Outbox<ChatResponse>,
  rooms: Rooms,
  queries: ChatQueries,
): Conversation {
  const member = { callId: randomUUID(), outbox };
  const unstored: Promise<void>[] = [];
  let room: string | undefined;
  let isOver = false;
  let leavePlace = (): void => {};

  function leave(): void {
    isOver = true;
    leavePlace();
  }

  async function enter(name: string): Promise<string> {
    if (name === "") throw new ConnectError("the first message names no room", Code.InvalidArgument);
    const place = rooms.join(name, member);
    leavePlace = place.leave;
    if (isOver) leave();
    await place.entered;
    const time = timestampFromDate(new Date());
    outbox.push(create(ChatResponseSchema, { kind: ChatResponse_Kind.JOINED, time, room: name, userId }));
    return name;
  }

  /** Resolves when the message is stored and acknowledged, after all earlier ones. */
  async function say(name: string, text: string, earlier: Promise<void> | undefined): Promise<void> {
    try {
      const at = new Date();
      const message = { room: name, userId, text, at, callId: member.callId };
      // Without the call's signal: what is stored is heard, though its sender may have left.
      // In the caller's own order, as the ids tell it.
      const id = await queries.addMessage(message, { order: `${name} ${userId}` });
      rooms.notify(name);
      await earlier;
      outbox.push(
        create(ChatResponseSchema, {
          kind: ChatResponse_Kind.RECEIPT,
          text: `Received: ${text}`,
          time: timestampFromDate(at),
          room: name,
          userId,
          messageId: BigInt(id),
        }),
      );
    } catch (reason) {
      outbox.fail(reason);
    }
  }

  return {
    async hear(requests) {
      try {
        for await (const request of requests) {
          if (outbox.ended) return;
          room ??= await enter(request.room);
          if (request.room !== "" && request.room !== room) throw elsewhere(request.room, room);
          // A message without text says nothing.
          if (request.text === "") continue;
          unstored.push(say(room, request.text, unstored.at(-1)));
          if (unstored.length >= maxUnstored) await unstored.shift();
          // A caller who does not read the receipts is not listened to until there is room for more.
          await outbox.half();
        }
        leave();
        await Promise.all(unstored);
        outbox.end();
      } catch (reason) {
        outbox.fail(reason);
      } finally {
        leave();
      }
    },
    leave,
  };
}

function elsewhere(wanted: string, room: string): ConnectError {
  return new ConnectError(
    `room ${JSON.stringify(wanted)} is not ${JSON.stringify(room)}, which this call is in: open another call`,
    Code.InvalidArgument,
  );
}
