import type { ConnectError } from "@connectrpc/connect";
import { answerCompression, Compressed, type Outgoing } from "./compressed.ts";
import { byteLengthOf, envelopes } from "./envelope.ts";
import { sendWhole } from "./enveloped.ts";
import { ENVELOPE_BYTES } from "./framed.ts";
import { type CallParts, type Ending, responseHeaders } from "./protocol.ts";

/** The call of an answer. */
export interface AnswerOwner extends CallParts {
  /** The answer cannot be sent as it was meant: the call has failed, and its handler is to be left. */
  broken(): void;
}

/**
 * `fresh`: nothing has left. `open`: the headers have. `full`: so have messages, and the client does not read. `over`:
 * nothing more will leave.
 */
type State = "fresh" | "open" | "full" | "over";

/** What a generator yields without waiting is written at the latest when it has come to this, in bytes. */
const MAX_BATCH_BYTES = 32_768;

/** The same in messages: small ones cost more than their bytes. */
const MAX_BATCH_MESSAGES = 1_000;

/**
 * The answer of a call that streams. Messages that come within one turn of the event loop leave in one write. A class,
 * because each such call makes one: one hidden shape.
 */
export class StreamAnswer {
  readonly #owner: AnswerOwner;
  #state: State = "fresh";
  #batch: Outgoing[] = [];
  #batchBytes = 0;

  constructor(owner: AnswerOwner) {
    this.#owner = owner;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** The client reads what is sent. */
  get hasRoom(): boolean {
    return this.#state !== "full" && this.#state !== "over";
  }

  /** Takes a message for the next write. */
  add(message: Outgoing): void {
    // After the microtasks in which the generator may yield more, before anything else happens.
    if (this.#batch.length === 0) process.nextTick(flush, this);
    this.#batch.push(message);
    this.#batchBytes += ENVELOPE_BYTES + byteLengthOf(message);
    if (this.#batchBytes >= MAX_BATCH_BYTES || this.#batch.length >= MAX_BATCH_MESSAGES) this.flush();
  }

  /** Writes what has come in this turn. */
  flush(): void {
    const { wire } = this.#owner;
    if (this.#state === "over" || this.#batch.length === 0 || !wire.isOpen) return;
    this.#guarded(() => {
      this.#respond();
      this.#state = wire.write(envelopes(this.#batch, undefined)) ? "open" : "full";
      this.#batch = [];
      this.#batchBytes = 0;
    });
  }

  /** Has the headers leave before the first message. */
  sendHeaders(): void {
    if (this.#state === "fresh" && this.#owner.wire.isOpen) this.#guarded(() => this.#respond());
  }

  /** The client reads again. */
  drained(): void {
    if (this.#state === "full") this.#state = "open";
  }

  /** Ends it, with what has not left yet and with the error. */
  end(error: ConnectError | undefined): void {
    if (this.#state === "over") return;
    const isFresh = this.#state === "fresh";
    this.#state = "over";
    const { wire, call } = this.#owner;
    if (!wire.isOpen) return;
    this.#guarded(() => {
      const ending = this.#ending(error);
      const { bytes, trailers } = ending;
      if (isFresh)
        sendWhole(this.#owner, this.#batch, encodingOf(this.#batch), ending, call.error !== undefined);
      else wire.end(this.#batch.length === 0 ? bytes : envelopes(this.#batch, bytes), trailers);
    }, isFresh);
  }

  #respond(): void {
    if (this.#state !== "fresh") return;
    const { wire, plan } = this.#owner;
    wire.respond(responseHeaders(this.#owner, false, this.#encoding()), plan.protocol.hasTrailers);
    this.#state = "open";
  }

  /** Named before it is known whether a message will be long enough: each says for itself whether it is compressed. */
  #encoding(): string | undefined {
    const { plan, call } = this.#owner;
    return answerCompression(plan, call)?.name;
  }

  /** Trailers that no client can take make the call fail, and its status takes their place. */
  #ending(error: ConnectError | undefined): Ending {
    const { plan, call } = this.#owner;
    try {
      return plan.protocol.ending(this.#owner, error);
    } catch (reason) {
      return plan.protocol.ending(this.#withoutContext(), call.fail(reason));
    }
  }

  /** Headers that HTTP does not allow end the call; the client is told without them, if it was told nothing yet. */
  #guarded(write: () => void, wasFresh?: boolean): void {
    try {
      write();
    } catch (reason) {
      const isFresh = wasFresh ?? this.#state === "fresh";
      this.#state = "over";
      const { call, wire } = this.#owner;
      const error = call.fail(reason);
      this.#owner.broken();
      if (isFresh) this.#answerWithout(error);
      else wire.destroy();
    }
  }

  #answerWithout(error: ConnectError): void {
    const { plan, wire } = this.#owner;
    const parts = this.#withoutContext();
    try {
      sendWhole(parts, [], undefined, plan.protocol.ending(parts, error), true);
    } catch {
      wire.destroy();
    }
  }

  #withoutContext(): CallParts {
    const { plan, call, wire } = this.#owner;
    return { plan, call, wire, context: undefined };
  }
}

/** What some of the messages are compressed with. */
function encodingOf(messages: readonly Outgoing[]): string | undefined {
  for (const message of messages) if (message instanceof Compressed) return message.encoding;
  return undefined;
}

function flush(answer: StreamAnswer): void {
  answer.flush();
}
