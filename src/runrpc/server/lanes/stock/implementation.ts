import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImpl } from "@connectrpc/connect";
import type { Call } from "../../call/call.ts";
import type { Handler } from "../../routes/handler.ts";
import { isThenable } from "../../routes/thenable.ts";
import type { Whole } from "../../routes/whole-message.ts";
import { boundedMessage, boundedMessages } from "./bounds.ts";
import { blameClient } from "./client-faults.ts";
import { runInput, runToMessage, runToStream } from "./run.ts";
import { stockCallOf } from "./stock-call.ts";
import type { CheckWritable } from "./writable.ts";

/**
 * What the adapter calls: our handler, held to the life of its call.
 *
 * @param writable looks at each answer. Default: they are not written, and all pass.
 */
export function implementation(
  handler: Handler,
  writable: (call: Call, url: string) => CheckWritable = () => (message) => message,
): MethodImpl<DescMethod> {
  const checkOf = (context: HandlerContext): CheckWritable => {
    const { call, url } = stockCallOf(context);
    return writable(call, url);
  };
  const spec = (): unknown => {
    switch (handler.kind) {
      case "unary":
        return (input: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          call.messagesIn++;
          return counted(call, context, () =>
            runToMessage(call, () => checked(handler.run(input, contextOf(call, context)), checkOf(context))),
          );
        };
      case "client_streaming":
        return (inputs: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          return counted(call, context, () =>
            runToMessage(call, () => {
              const answer = handler.run(runInput(call, readable(inputs)), contextOf(call, context));
              return checked(answer, checkOf(context));
            }),
          );
        };
      case "server_streaming":
        return (input: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          call.messagesIn++;
          const run = () => handler.start(input, contextOf(call, context));
          const whole = wholeOf(handler.whole, checkOf(context));
          return boundedMessages(call, context, runToStream(call, run, whole));
        };
      case "bidi_streaming":
        return (inputs: never, context: HandlerContext) => {
          const call = stockCallOf(context).call;
          const run = () => handler.start(runInput(call, readable(inputs)), contextOf(call, context));
          const whole = wholeOf(handler.whole, checkOf(context));
          return boundedMessages(call, context, runToStream(call, run, whole));
        };
    }
  };
  // The kind of the handler is that of the method: createHandler took it from there.
  return spec() as MethodImpl<DescMethod>;
}

/** Not in the scope of its call: what a generator that never ends holds would have the adapter's context, and all of the request, with it. */
function wholeOf(whole: Whole, check: CheckWritable): Whole {
  return (value) => check(whole(value));
}

function checked(answer: Message | Promise<Message>, check: CheckWritable): Message | Promise<Message> {
  return isThenable(answer) ? Promise.resolve(answer).then(check) : check(answer);
}

/** The messages that a client streams, as the adapter reads them. */
async function* readable<T>(inputs: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* inputs;
  } catch (reason) {
    blameClient(reason);
    throw reason;
  }
}

async function counted<T>(call: Call, context: HandlerContext, run: () => Promise<T>): Promise<T> {
  const value = await boundedMessage(call, context, run);
  call.messagesOut++;
  return value;
}

/** The adapter's context with our deadline, and our signal, which is made when it is read. */
function contextOf(call: Call, stock: HandlerContext): HandlerContext {
  const { url, header } = stockCallOf(stock);
  return {
    method: stock.method,
    service: stock.service,
    protocolName: stock.protocolName,
    requestMethod: stock.requestMethod,
    url,
    requestHeader: header,
    responseHeader: stock.responseHeader,
    responseTrailer: stock.responseTrailer,
    values: stock.values,
    timeoutMs: () => call.remainingMs(),
    get signal() {
      return call.signal;
    },
  };
}
