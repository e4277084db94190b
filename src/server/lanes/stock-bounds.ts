import type { HandlerContext } from "@connectrpc/connect";
import type { Call } from "../call.ts";
import { failureTrailers } from "../grpc-status.ts";
import { checkMetadata, fittingHeaders, headerBytes, MAX_METADATA_BYTES } from "../header-bytes.ts";

/**
 * The message of a handler, once what it has set of headers and trailers is known to be within the bounds: the adapter
 * sends it as it is.
 *
 * @throws ConnectError what the handler threw, with as much of its headers and trailers as has room beside it.
 */
export async function boundedMessage<T>(
  call: Call,
  context: HandlerContext,
  message: Promise<T>,
): Promise<T> {
  try {
    const value = await message;
    check(context, true);
    return value;
  } catch (reason) {
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
      const iterator = messages[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await iterator.next().catch((reason: unknown) => {
            throw trimmed(call, context, reason);
          });
          try {
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

function check({ responseHeader, responseTrailer }: HandlerContext, isDone: boolean): void {
  checkMetadata(responseHeader, "headers");
  if (isDone) checkMetadata(responseTrailer, "trailers");
}

function trimmed(call: Call, { responseHeader, responseTrailer }: HandlerContext, reason: unknown): unknown {
  const error = call.error ?? call.fail(reason);
  trim(responseHeader, MAX_METADATA_BYTES / 2);
  trim(responseTrailer, MAX_METADATA_BYTES - headerBytes(failureTrailers(error)));
  return error;
}

function trim(headers: Headers, maxBytes: number): void {
  const fitting = fittingHeaders(headers, maxBytes);
  for (const name of [...headers.keys()]) if (!fitting.has(name)) headers.delete(name);
}
