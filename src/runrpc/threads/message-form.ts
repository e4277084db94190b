import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { type BytesHandler, HEAD_BYTES } from "../server/routes/bytes-handler.ts";
import { mapped } from "../server/routes/iterator.ts";

/** The same handler for whoever has messages: calls of JSON, the stock lane, interceptors, debug mode. */
export function messageForm(
  { methodKind, input, output }: DescMethod,
  handler: BytesHandler,
): (given: Message | AsyncIterable<Message>, context: HandlerContext) => unknown {
  const takesOne = methodKind === "unary" || methodKind === "server_streaming";
  const givesOne = methodKind === "unary" || methodKind === "client_streaming";
  const encode = (message: Message): Uint8Array => toBinary(input, message);
  const decode = (answer: Buffer): Message =>
    // A Buffer would hand on Buffers as the values of `bytes` fields.
    fromBinary(
      output,
      new Uint8Array(answer.buffer, answer.byteOffset + HEAD_BYTES, answer.length - HEAD_BYTES),
    );
  return (given, context) => {
    // By the kind of its method, a handler is given and gives one or a stream of them.
    const answer = handler(
      takesOne ? encode(given as Message) : mapped(given as AsyncIterable<Message>, encode),
      context,
    );
    return givesOne
      ? (answer as Promise<Buffer>).then(decode)
      : mapped(answer as AsyncIterable<Buffer>, decode);
  };
}
