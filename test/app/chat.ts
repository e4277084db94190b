import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { createOutbox, type Outbox, requirePrincipal, type ServiceImpl } from "runrpc";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponseSchema,
  type ChatService,
  ChatResponse_Kind as Kind,
} from "../gen/rig/chat/v1/chat_pb.ts";

/** Messages that may wait for one reader. */
const maxQueuedMessages = 256;

/** The chat, as rig/chat/v1 describes it, between the callers of this process. It keeps nothing. */
export function createChatService(): ServiceImpl<typeof ChatService> {
  const rooms = new Map<string, Set<Outbox<ChatResponse>>>();
  let messages = 0n;

  /** Takes a caller's messages until there are no more. Never rejects: an error ends the outbox. */
  async function hear(requests: AsyncIterable<ChatRequest>, userId: string, outbox: Outbox<ChatResponse>) {
    let room: string | undefined;
    const say = (kind: Kind, text: string, messageId: bigint): ChatResponse => {
      const time = timestampFromDate(new Date());
      return create(ChatResponseSchema, { kind, text, time, room: room ?? "", userId, messageId });
    };
    try {
      for await (const request of requests) {
        if (outbox.ended) return;
        if (room === undefined) {
          if (request.room === "")
            throw new ConnectError("the first message names no room", Code.InvalidArgument);
          room = request.room;
          rooms.set(room, (rooms.get(room) ?? new Set()).add(outbox));
          outbox.push(say(Kind.JOINED, "", 0n));
        }
        if (request.room !== "" && request.room !== room) throw elsewhere(request.room, room);
        if (request.text === "") continue;
        const id = ++messages;
        outbox.push(say(Kind.RECEIPT, `Received: ${request.text}`, id));
        for (const other of rooms.get(room) ?? [])
          if (other !== outbox) other.push(say(Kind.MESSAGE, request.text, id));
        // A caller who does not read the receipts is not listened to until there is room for more.
        await outbox.half();
      }
      outbox.end();
    } catch (reason) {
      outbox.fail(reason);
    } finally {
      if (room !== undefined) leave(room, outbox);
    }
  }

  function leave(room: string, outbox: Outbox<ChatResponse>): void {
    rooms.get(room)?.delete(outbox);
    if (rooms.get(room)?.size === 0) rooms.delete(room);
  }

  return {
    async *chat(requests, context) {
      const { subject: userId } = requirePrincipal(context);
      const { signal } = context;
      const outbox = createOutbox<ChatResponse>(maxQueuedMessages);
      const stop = (): void => outbox.fail(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      try {
        signal.throwIfAborted();
        void hear(requests, userId, outbox);
        yield* outbox.items();
      } finally {
        signal.removeEventListener("abort", stop);
        outbox.end();
      }
    },
  };
}

function elsewhere(wanted: string, room: string): ConnectError {
  return new ConnectError(
    `room ${JSON.stringify(wanted)} is not ${JSON.stringify(room)}, which this call is in: open another call`,
    Code.InvalidArgument,
  );
}
