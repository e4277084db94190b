import { Code, ConnectError } from "@connectrpc/connect";
import { EnvelopeReader, envelopes } from "./envelope.ts";
import type { Plan } from "./plan.ts";
import { type RequestBody, responseHeaders, type WireProtocol } from "./protocol.ts";

/** What the three protocols with envelopes have in common. */
export function envelopedProtocol(parts: Omit<WireProtocol, "requestBody" | "answer">): WireProtocol {
  return {
    ...parts,
    requestBody: (plan, mayBeCompressed) => new OneEnvelope(plan, parts.endFlag, mayBeCompressed),
    answer(call, message, error) {
      const ending = parts.ending(call, error);
      const body = envelopes(message === undefined ? [] : [message], ending.bytes);
      call.wire.send(200, responseHeaders(call, error !== undefined), body, ending.trailers);
    },
  };
}

/** A request body that is one message in its envelope. */
class OneEnvelope implements RequestBody {
  readonly #reader: EnvelopeReader;
  readonly #plan: Plan;
  #message: Buffer | undefined = undefined;
  isCompressed = false;

  constructor(plan: Plan, endFlag: number, mayBeCompressed: boolean) {
    this.#plan = plan;
    this.#reader = new EnvelopeReader(plan.maxRequestBytes, endFlag, mayBeCompressed);
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    const message = this.#reader.next();
    if (message === undefined) return;
    const { isCompressed } = this.#reader;
    if (this.#message !== undefined || this.#reader.next() !== undefined)
      throw wrongNumber(this.#plan, "received extra");
    this.#message = message;
    this.isCompressed = isCompressed;
  }

  end(): Buffer {
    this.#reader.finish();
    if (this.#message === undefined) throw wrongNumber(this.#plan, "missing");
    return this.#message;
  }
}

/** Too few or too many messages are `unimplemented`: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
function wrongNumber({ route }: Plan, what: string): ConnectError {
  const kind = route.handler.kind.replace("_", "-");
  return new ConnectError(`protocol error: ${what} input message for ${kind} method`, Code.Unimplemented);
}
