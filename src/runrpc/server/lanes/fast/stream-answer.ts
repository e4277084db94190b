import type { ConnectError } from "@connectrpc/connect";
import { Batch } from "./batch.ts";
import { answerCompression, type Outgoing } from "./compressed.ts";
import { sendWhole } from "./enveloped.ts";
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
  /** What has come in this turn. */
  readonly batch = new Batch();

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
    if (this.batch.count === 0) process.nextTick(flush, this);
    this.batch.add(message);
    this.#flushIfFull();
  }

  /** Takes the message that was written into the batch, where it is not the first. */
  keep(): void {
    this.batch.keep();
    this.#flushIfFull();
  }

  /** Writes what has come in this turn. */
  flush(): void {
    const { wire } = this.#owner;
    if (this.#state === "over" || this.batch.count === 0 || !wire.isOpen) return;
    this.#guarded(() => {
      this.#respond();
      this.#state = wire.write(this.batch.take(undefined)) ? "open" : "full";
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
      const { batch } = this;
      const { encoding } = batch;
      const messages = batch.count === 0 ? undefined : batch.take(ending.bytes);
      if (isFresh) sendWhole(this.#owner, messages, encoding, ending, call.error !== undefined);
      else wire.end(messages ?? ending.bytes, ending.trailers);
    }, isFresh);
  }

  #flushIfFull(): void {
    const { bytes, count } = this.batch;
    if (bytes >= MAX_BATCH_BYTES || count >= MAX_BATCH_MESSAGES) this.flush();
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
      sendWhole(parts, undefined, undefined, plan.protocol.ending(parts, error), true);
    } catch {
      wire.destroy();
    }
  }

  #withoutContext(): CallParts {
    const { plan, call, wire } = this.#owner;
    return { plan, call, wire, context: undefined };
  }
}

function flush(answer: StreamAnswer): void {
  answer.flush();
}
