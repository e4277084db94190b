import { createOutbox, requirePrincipal, type ServiceImpl, type Wakeups } from "runrpc";
import type { ChatResponse, ChatService } from "../../../gen/chat/v1/chat_pb.ts";
import { createConversation } from "./conversation.ts";
import type { ChatQueries } from "./queries.ts";
import { createRooms } from "./rooms.ts";

/** Limits of the chat. */
export interface ChatOptions {
  /** Messages that may wait for one reader; one more ends the reader's call with `resource_exhausted`. Default 256. */
  readonly maxQueuedMessages?: number | undefined;
}

/**
 * The chat, as chat/v1 describes it, between the callers of all processes that share the database. A call stays in the room that
 * its first message names; another room is `invalid_argument`. Listening and speaking go on side by side: who says nothing still
 * hears. A caller who ends its half of the stream leaves the room and gets its last receipts.
 */
export function createChatService(
  queries: ChatQueries,
  wakeups: Wakeups,
  { maxQueuedMessages = 256 }: ChatOptions = {},
): ServiceImpl<typeof ChatService> {
  const rooms = createRooms(queries, wakeups);
  return {
    async *chat(requests, context) {
      const { subject: userId } = requirePrincipal(context);
      const { signal } = context;
      const outbox = createOutbox<ChatResponse>(maxQueuedMessages);
      const conversation = createConversation(userId, outbox, rooms, queries);
      const stop = (): void => outbox.fail(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      try {
        signal.throwIfAborted();
        // Not awaited: it ends when the request stream does, which after an early end is not before this call.
        void conversation.hear(requests);
        yield* outbox.items();
      } finally {
        signal.removeEventListener("abort", stop);
        outbox.end();
        conversation.leave();
      }
    },
  };
}
