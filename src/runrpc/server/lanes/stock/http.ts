import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Call, headersOfEvery } from "../../call/call.ts";
import { errorAnswer } from "../../http/answers.ts";
import { SLICE_BYTES } from "../../http/slices.ts";
import { stopUpload } from "../../http/stop-upload.ts";
import { brokenRequest, cancelBroken } from "../broken-request.ts";
import { untilCancelled } from "./run.ts";

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
  try {
    for (;;) {
      const { done, value } = await untilCancelled(call, chunks.next()).catch((reason: unknown) => {
        const brokenOff = new ConnectError("the client broke off its request", Code.Canceled);
        call.cancel("client", ("stream" in request ? undefined : brokenRequest(request)) ?? brokenOff);
        throw call.error ?? reason;
      });
      if (done === true) return;
      // No encoding is set, so chunks are buffers.
      const chunk = value as Uint8Array;
      call.bytesIn += chunk.byteLength;
      yield chunk;
    }
  } finally {
    // Takes its listener off the request, so that what still comes can be dropped. Not awaited: after a cancel it
    // waits for a chunk that may not come.
    chunks.return?.().catch(() => {});
  }
}

/**
 * The bytes that go out, each as `sent` makes it and long ones in slices, the last followed by `ended`. An iterator by hand,
 * so that `throw` and `return` reach the adapter's.
 */
export function responseBody(
  source: AsyncIterable<Uint8Array>,
  sent: (bytes: Uint8Array) => Uint8Array,
  written: (bytes: number) => void,
  ended: () => void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]();
      let rest: Uint8Array = new Uint8Array();
      const gone = Promise.resolve({ done: true, value: undefined } as const);
      return {
        async next() {
          if (rest.length === 0) {
            const result = await iterator.next();
            if (result.done === true) {
              ended();
              return result;
            }
            rest = sent(result.value);
          }
          const value = rest.subarray(0, SLICE_BYTES);
          rest = rest.subarray(value.length);
          written(value.length);
          return { done: false, value };
        },
        throw: (reason?: unknown) => iterator.throw?.(reason) ?? gone,
        return: (value?: unknown) => iterator.return?.(value) ?? gone,
      };
    },
  };
}

/**
 * Follows the exchange to its end, and ends the call with it. `settle` is called when the answer
 * has gone out.
 */
export function finishExchange(
  call: Call,
  request: NodeRequest,
  response: NodeResponse,
  settle: () => void,
): void {
  let lastWord: NodeJS.Timeout | undefined;
  call.follower = {
    cancelled() {},
    isStalled: () => isStalled(response),
    waitingBytes: () => outOf(response)?.writableLength ?? 0,
    cut: () => abandon(response),
  };
  const forget = call.onCancel(() => {
    lastWord = setTimeout(() => abandon(response), LAST_WORD_MS).unref();
  });
  if ("stream" in request) stopUploadAfterAnswer(request);
  // On HTTP/2 Node tells of a `finish` whenever the stream closes, so the adapter must have ended it, too.
  response.once("finish", () => {
    if (response.writableEnded) settle();
  });
  response.once("close", () => {
    forget();
    clearTimeout(lastWord);
    if (!("stream" in request)) cancelBroken(call, request);
    call.end();
    // A handler that never ends keeps its call, and would keep the whole exchange with it.
    call.follower = undefined;
  });
}

/**
 * To be called before the headers of an HTTP/1.1 answer are written: when its request is still coming, the connection
 * ends after the answer. The listener reads on for a while, so that no TCP reset takes the answer away.
 */
export function closeUnlessRead(request: NodeRequest, response: NodeResponse): void {
  if (!("stream" in request) && !request.complete && "shouldKeepAlive" in response)
    response.shouldKeepAlive = false;
}

/** Tells an HTTP/2 client that has its answer, and still uploads, to stop. */
function stopUploadAfterAnswer(request: Http2ServerRequest): void {
  // Node's response objects ask for trailers after the last data of every answer, and send them in a listener that
  // was added before this one. A reset in the same turn, or on `finish`, would overtake them.
  request.stream.once("wantTrailers", () => {
    // Who read the request may have left in mid-wait. Where nobody reads, Node resets the stream without any grace.
    request.removeAllListeners("readable").resume();
    setImmediate(stopUpload, request.stream);
  });
}

/** Whether there is a client to answer, who has not been told anything yet. */
export function isWritable(response: NodeResponse): boolean {
  return !response.headersSent && !response.writableEnded && !response.destroyed;
}

/** Answers with an error where Node takes no headers of the answer that was meant: one of them is not valid. */
export function answerUnwritten(
  call: Call,
  request: NodeRequest,
  response: NodeResponse,
  reason: unknown,
): void {
  const { protocol, headers } = call.head;
  // The adapter's error shows what Node said; its cause is hidden from the client, and logged.
  const cause = reason instanceof ConnectError ? (reason.cause ?? reason) : reason;
  const answer = errorAnswer(protocol, headers["content-type"], call.fail(cause), 500);
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  closeUnlessRead(request, response);
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries({ ...headersOfEvery(call.head), ...answer.headers }))
    if (value !== undefined) response.setHeader(name, value);
  response.end(answer.body);
}

function isStalled(response: NodeResponse): boolean {
  const out = outOf(response);
  if (out === undefined) return false;
  const { destroyed, writableLength, writableEnded, writableFinished } = out;
  return !destroyed && (writableLength > 0 || (writableEnded && !writableFinished));
}

/** Where its bytes wait to be sent; undefined when it is gone. */
function outOf(response: NodeResponse): Writable | undefined {
  return "stream" in response ? response.stream : response;
}

function abandon(response: NodeResponse): void {
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_CANCEL);
  else response.destroy();
}
