import type { DescMethod, DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import type { Cell } from "./cells.ts";

/** A client of a cell's protocol over its HTTP version. */
export function transportOf(
  { protocol, httpVersion }: Omit<Cell, "lane" | "kind">,
  baseUrl: string,
): Transport {
  switch (protocol) {
    case "connect":
      return createConnectTransport({ baseUrl, httpVersion });
    case "grpc":
      return createGrpcTransport({ baseUrl });
    case "grpc-web":
      return createGrpcWebTransport({ baseUrl, httpVersion });
  }
}

export interface CallOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Requests of any method, as initialisers. */
export type Inputs = Iterable<Input> | AsyncIterable<Input>;

export type Input = Record<string, unknown>;

/** The responses of one call, whatever its kind; of a unary call, the one. */
export async function* exchange(
  transport: Transport,
  method: DescMethod,
  inputs: Inputs,
  { headers, signal }: CallOptions,
): AsyncGenerator<Message> {
  if (method.methodKind === "unary") {
    const [input = {}] = await Array.fromAsync(inputs);
    yield (await transport.unary(method as DescMethodUnary, signal, undefined, headers, input)).message;
    return;
  }
  const requests = (async function* () {
    yield* inputs;
  })();
  yield* (await transport.stream(method as DescMethodStreaming, signal, undefined, headers, requests))
    .message;
}

/** What came of a call. */
export interface Outcome {
  readonly messages: readonly Message[];
  /** Undefined: it went well. */
  readonly error: ConnectError | undefined;
}

/** Makes a call and waits for its end; `onMessage` hears each response as it comes. */
export async function outcomeOf(
  responses: AsyncIterable<Message>,
  onMessage: (message: Message) => void = () => {},
): Promise<Outcome> {
  const messages: Message[] = [];
  try {
    for await (const message of responses) {
      messages.push(message);
      onMessage(message);
    }
    return { messages, error: undefined };
  } catch (reason) {
    return { messages, error: ConnectError.from(reason) };
  }
}

/** Requests that begin with these and never end; the client leaves instead. */
export async function* endless(...first: Input[]): AsyncGenerator<Input> {
  yield* first;
  await new Promise(() => {});
}
