import { once } from "node:events";
import type { Writable } from "node:stream";
import type { DescMethod, DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { type InputOptions, readMessage, readMessages } from "./input.ts";

/** One call. */
export interface Invocation extends InputOptions {
  readonly transport: Transport;
  readonly headers: Headers;
  /** Undefined: no deadline. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** Takes each message of the response; the next one waits until it resolves. */
  onMessage(message: Message): Promise<void>;
  /** Takes the response's headers when they are there, and its trailers at the end. */
  onHeaders(kind: "header" | "trailer", headers: Headers): void;
}

/** Makes a call of any kind. Rejects with the call's error, or with the CommandFailure of an input that is wrong. */
export async function invoke(invocation: Invocation): Promise<void> {
  const { method, transport, signal, timeoutMs, headers, onMessage, onHeaders } = invocation;
  if (isUnary(method)) {
    const response = await transport.unary(method, signal, timeoutMs, headers, await readMessage(invocation));
    onHeaders("header", response.header);
    await onMessage(response.message);
    onHeaders("trailer", response.trailer);
    return;
  }
  const abort = new AbortController();
  const input = watchInput(await openInput(invocation), abort);
  try {
    const signals = AbortSignal.any([signal, abort.signal]);
    const response = await transport.stream(streamingOf(method), signals, timeoutMs, headers, input);
    onHeaders("header", response.header);
    for await (const message of response.message) await onMessage(message);
    onHeaders("trailer", response.trailer);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  }
}

/** Writes a line and waits until there is room for another one. */
export async function writeLine(stream: Writable, line: string): Promise<void> {
  if (!stream.write(`${line}\n`)) await once(stream, "drain");
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

/** What is not unary streams: DescMethod is no union that TypeScript could narrow to say so. */
function streamingOf(method: DescMethod): DescMethodStreaming {
  return method as DescMethodStreaming;
}

async function openInput(invocation: Invocation): Promise<AsyncIterable<Message>> {
  if (invocation.method.methodKind !== "server_streaming") return readMessages(invocation);
  const message = await readMessage(invocation);
  return (async function* () {
    yield message;
  })();
}

/** Aborts the call with the reason when the input cannot be read: a transport would hide it behind an error of its own. */
async function* watchInput(input: AsyncIterable<Message>, abort: AbortController): AsyncGenerator<Message> {
  try {
    yield* input;
  } catch (error) {
    abort.abort(error);
    throw error;
  }
}
