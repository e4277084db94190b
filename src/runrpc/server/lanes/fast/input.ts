import type { Compression } from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import type { TurnWaiter } from "../../call/loop-turns.ts";
import type { Decoded } from "./codec.ts";
import { decompressed, requestCompression } from "./compressed.ts";
import { EnvelopeReader } from "./envelope.ts";
import type { Plan } from "./plan.ts";
import type { Wire } from "./wire.ts";

type Next = IteratorResult<Decoded, undefined>;

const DONE: Next = Object.freeze({ done: true, value: undefined });

/**
 * The messages that a client streams, decoded when they are asked for. While nobody asks and a message is there,
 * the wire is not read: what a client may send ahead is bounded by HTTP's flow control.
 */
export class InputStream implements AsyncIterableIterator<Decoded, undefined>, TurnWaiter {
  readonly #plan: Plan;
  readonly #call: Call;
  readonly #wire: Wire;
  readonly #reader: EnvelopeReader;
  readonly #compression: Compression | undefined;
  #waiter: PromiseWithResolvers<Next> | undefined = undefined;
  #hasEnded = false;
  #isPaused = false;
  /** The handler has taken its last message. */
  #isClosed = false;
  /** Why there is no more than what has come. */
  #fault: { readonly reason: unknown } | undefined = undefined;

  /** @throws ConnectError for a request in a compression that nobody knows. */
  constructor(plan: Plan, call: Call, wire: Wire) {
    this.#plan = plan;
    this.#call = call;
    this.#wire = wire;
    this.#compression = requestCompression(plan, call);
    this.#reader = new EnvelopeReader(plan.maxRequestBytes, this.#compression !== undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Next> {
    // Somebody else waits already: one after the other.
    if (this.#waiter !== undefined) {
      const again = (): Promise<Next> => this.next();
      return this.#waiter.promise.then(again, again);
    }
    const isOver = this.#call.turns.isOver();
    if (!isOver) {
      try {
        const next = this.#take();
        if (next !== undefined) return Promise.resolve(next);
      } catch (reason) {
        return Promise.reject(reason);
      }
    }
    this.#waiter = Promise.withResolvers<Next>();
    const { promise } = this.#waiter;
    if (isOver) this.#call.turns.wait(this);
    else this.#read();
    return promise;
  }

  /** The event loop has turned under a handler that never waited for it. */
  turned(): void {
    this.#settle();
    if (this.#waiter !== undefined) this.#read();
  }

  return(): Promise<Next> {
    this.#isClosed = true;
    return Promise.resolve(DONE);
  }

  /** The wire has read a chunk. */
  push(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#reader.push(chunk);
    if (this.#waiter !== undefined) this.#settle();
    else if (!this.#isPaused && this.#hasMessage()) {
      this.#isPaused = true;
      this.#wire.pause();
    }
  }

  /** The request has ended. */
  end(): void {
    this.#hasEnded = true;
    this.#settle();
  }

  /** The rest of the request cannot be read: who has taken all that came is told why. */
  break(reason: unknown): void {
    this.#fault = { reason };
    this.#settle();
  }

  /** The call was cancelled: whoever waits is told, and whoever asks later. */
  cancel(reason: unknown): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(reason);
  }

  #read(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#wire.resume();
  }

  #settle(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    try {
      const next = this.#take();
      if (next === undefined) return;
      this.#waiter = undefined;
      waiter.resolve(next);
    } catch (reason) {
      this.#waiter = undefined;
      waiter.reject(reason);
    }
  }

  #take(): Next | Promise<Next> | undefined {
    if (this.#call.cancelledBy !== undefined) throw this.#call.error;
    if (this.#isClosed) return DONE;
    const bytes = this.#reader.next();
    if (bytes !== undefined) {
      if (this.#reader.isCompressed && this.#compression !== undefined)
        return this.#decompressed(this.#compression, bytes);
      const value = this.#plan.codec.decode(bytes);
      this.#call.messagesIn++;
      return { done: false, value };
    }
    if (this.#fault !== undefined) throw this.#fault.reason;
    if (!this.#hasEnded) return undefined;
    this.#reader.finish();
    return DONE;
  }

  async #decompressed(compression: Compression, bytes: Buffer): Promise<Next> {
    const value = await decompressed(this.#plan, this.#call, compression, bytes);
    this.#call.messagesIn++;
    return { done: false, value };
  }

  /** An error counts as one: it is thrown to whoever asks next. */
  #hasMessage(): boolean {
    try {
      return this.#reader.missing() === 0;
    } catch {
      return true;
    }
  }
}
