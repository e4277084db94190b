import type { HandlerContext } from "@connectrpc/connect";

/** What is free in front of an answer's message, in bytes: as much as the head of an envelope takes. */
export const HEAD_BYTES = 5;

/**
 * A handler whose messages are bytes of protobuf, for whoever hands a call on, as to a thread: where nobody looks at the
 * messages, they are neither decoded nor encoded. By the kind of its method it takes and gives one or an async iterable of
 * them, like all handlers.
 *
 * A request is what came, which may be no such message: then the call fails with `invalid_argument`. An answer is a Buffer of
 * its own part of memory: `HEAD_BYTES` that are free, and the message.
 */
export type BytesHandler = (
  input: Uint8Array | AsyncIterable<Uint8Array>,
  context: HandlerContext,
) => Promise<Buffer> | AsyncIterable<Buffer>;
