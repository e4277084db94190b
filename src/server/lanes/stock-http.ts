import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "../call.ts";
import { untilCancelled } from "../run.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** A client that does not read gets this long to take the last of its response. */
const LAST_WORD_MS = 1_000;

/**
 * The bytes that a client sends, counted, and no longer than the call lasts. Leaving it does not destroy the
 * request: on HTTP/1.1 that would take the answer's connection along.
 */
export async function* requestBody(call: Call, request: NodeRequest): AsyncGenerator<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const { done, value } = await untilCancelled(call, chunks.next()).catch((reason: unknown) => {
      call.cancel("client", new ConnectError("the client broke off its request", Code.Canceled));
      throw call.error ?? reason;
    });
    if (done === true) return;
    // No encoding is set, so chunks are buffers.
    const chunk = value as Uint8Array;
    call.bytesIn += chunk.byteLength;
    yield chunk;
  }
}

/** The bytes that go out, counted. An iterator by hand, so that `throw` and `return` reach the adapter's. */
export function responseBody(call: Call, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]();
      const gone = Promise.resolve({ done: true, value: undefined } as const);
      return {
        async next() {
          const result = await iterator.next();
          if (result.done !== true) call.bytesOut += result.value.byteLength;
          return result;
        },
        throw: (reason?: unknown) => iterator.throw?.(reason) ?? gone,
        return: (value?: unknown) => iterator.return?.(value) ?? gone,
      };
    },
  };
}

/**
 * Follows the exchange to its end, and ends the call with it. `settle` is called when an answer went out
 * that our handler had no part in.
 */
export function finishExchange(
  call: Call,
  request: NodeRequest,
  response: NodeResponse,
  settle: () => void,
): void {
  let lastWord: NodeJS.Timeout | undefined;
  const forget = call.onCancel(() => {
    lastWord = setTimeout(() => abandon(response), LAST_WORD_MS).unref();
  });
  response.once("finish", () => {
    // Node's HTTP/2 response says finish of a stream that its client reset, too.
    if (!call.settled && response.writableEnded) settle();
    if ("stream" in request) closeUnreadStream(request);
  });
  response.once("close", () => {
    forget();
    clearTimeout(lastWord);
    call.end();
  });
}

/** Tells an HTTP/2 client that has its answer, and still uploads, to stop (RFC 9113, 8.1). */
function closeUnreadStream({ stream }: Http2ServerRequest): void {
  const close = () => {
    if (!stream.destroyed && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  };
  // Trailers are asked for after the last data has left; the adapter's own listener sends them first.
  if (stream.sentTrailers === undefined) stream.once("wantTrailers", () => setImmediate(close));
  else setImmediate(close);
}

function abandon(response: NodeResponse): void {
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_CANCEL);
  else response.destroy();
}
