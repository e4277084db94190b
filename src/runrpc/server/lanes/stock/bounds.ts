import type { HandlerContext } from "@connectrpc/connect";
import type { Call } from "../../call/call.ts";
import { failureTrailers } from "../../http/grpc-status.ts";
import {
  checkMetadata,
  checkTogether,
  fittingHeaders,
  headerBytes,
  MAX_ENTRIES_BESIDE_ERROR,
  MAX_METADATA_BYTES,
  MAX_METADATA_ENTRIES,
} from "../../http/header-bytes.ts";
import { dropServerHeaders, serverHeadersOf } from "../../http/server-headers.ts";

/**
 * The message of a handler, once what it has set of headers and trailers is known to be within the bounds: the adapter
 * sends it as it is.
 *
 * @throws ConnectError what the handler threw, with as much of its headers and trailers as has room beside it.
 */
export async function boundedMessage<T>(
  call: Call,
  context: HandlerContext,
  run: () => Promise<T>,
): Promise<T> {
  const restore = keepServerHeaders(context);
  try {
    const value = await run();
    restore();
    check(context, true);
    if (isOneBlock(call)) checkTogether(context.responseHeader, context.responseTrailer);
    return value;
  } catch (reason) {
    restore();
    throw trimmed(call, context, reason);
  }
}

/** The same for the messages of a stream. */
export function boundedMessages<T>(
  call: Call,
  context: HandlerContext,
  messages: AsyncIterable<T>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const restore = keepServerHeaders(context);
      let hasBegun = false;
      const iterator = messages[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await iterator.next().catch((reason: unknown) => {
            restore();
            throw trimmed(call, context, reason);
          });
          try {
            // Headers leave with the first message, trailers after the last.
            if (!hasBegun || result.done === true) restore();
            hasBegun = true;
            check(context, result.done === true);
          } catch (reason) {
            await iterator.return?.();
            throw trimmed(call, context, reason);
          }
          return result;
        },
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

/** Remembers what the adapter has set before the handler runs. Gives what puts that back, whatever the handler has set. */
function keepServerHeaders({ responseHeader, responseTrailer }: HandlerContext): () => void {
  const [header, trailer] = [serverHeadersOf(responseHeader), serverHeadersOf(responseTrailer)];
  return () => {
    dropServerHeaders(responseHeader, header);
    dropServerHeaders(responseTrailer, trailer);
  };
}

function check({ responseHeader, responseTrailer }: HandlerContext, isDone: boolean): void {
  checkMetadata(responseHeader, "headers");
  if (isDone) checkMetadata(responseTrailer, "trailers");
}

function trimmed(call: Call, { responseHeader, responseTrailer }: HandlerContext, reason: unknown): unknown {
  const error = call.error ?? call.fail(reason);
  const maxEntries = isOneBlock(call) ? MAX_ENTRIES_BESIDE_ERROR : MAX_METADATA_ENTRIES / 2;
  trim(responseHeader, MAX_METADATA_BYTES / 2, maxEntries);
  trim(responseTrailer, MAX_METADATA_BYTES - headerBytes(failureTrailers(error)), maxEntries);
  return error;
}

/** A unary answer of Connect has its trailers among its headers. */
function isOneBlock({ head }: Call): boolean {
  return head.protocol === "connect" && head.route?.method.methodKind === "unary";
}

function trim(headers: Headers, maxBytes: number, maxEntries: number): void {
  const fitting = fittingHeaders(headers, maxBytes, maxEntries);
  for (const name of [...headers.keys()]) if (!fitting.has(name)) headers.delete(name);
}
