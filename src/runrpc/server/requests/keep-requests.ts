import type { DescMethod, Message, Registry } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { CallHead } from "../call/call.ts";
import { callHeadKey } from "../call/call-head-key.ts";
import type { Keep } from "../routes/handler.ts";
import { type KeptRequest, keptRequest } from "./kept-request.ts";

/** What is kept of requests. */
export interface KeepRequests {
  /** A request that is longer as JSON is not kept, in bytes. */
  readonly maxBytes: number;
}

/** Keeps the requests of calls for their records. */
export interface RequestKeeper {
  /** What a handler is to be told of its requests by, before anybody looks at them. */
  keepFor(method: DescMethod, registry: Registry): Keep;
  /** What is kept of a call that has ended, once; undefined where no request came to its handler. */
  take(head: CallHead): KeptRequest | undefined;
}

/** What open calls may hold together: further ones have theirs not kept, in bytes. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

export function createRequestKeeper({ maxBytes }: KeepRequests): RequestKeeper {
  const held = new WeakMap<CallHead, KeptRequest>();
  let heldBytes = 0;

  return {
    keepFor: ({ input }, registry) =>
      function keep(message: Message, context: HandlerContext): void {
        const head = context.values.get(callHeadKey);
        // Of a stream of requests the first one is kept.
        if (head === undefined || held.has(head)) return;
        const request =
          heldBytes >= MAX_HELD_BYTES ? NO_ROOM : keptRequest(input, message, registry, maxBytes);
        held.set(head, request);
        heldBytes += bytesOf(request);
      },
    take(head) {
      const request = held.get(head);
      if (request === undefined) return undefined;
      held.delete(head);
      heldBytes -= bytesOf(request);
      return request;
    },
  };
}

const NO_ROOM: KeptRequest = {
  json: "",
  note: `not kept: the requests of open calls hold ${MAX_HELD_BYTES} bytes`,
};

/** In memory, at most. */
function bytesOf({ json }: KeptRequest): number {
  return 2 * json.length;
}
