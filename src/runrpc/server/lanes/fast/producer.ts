import type { Call } from "../../call/call.ts";
import type { TurnWaiter } from "../../call/loop-turns.ts";
import { askNext, isDone, tellReturn } from "../../routes/iterator.ts";
import { follow, isThenable } from "../../routes/thenable.ts";

/** Who takes what a handler yields. */
export interface Consumer {
  /** Whether a value may be asked for. */
  readonly hasRoom: boolean;
  /** Takes a value; what it gives is waited for. It does not throw, and the promise does not reject. */
  take(value: unknown): Promise<void> | undefined;
  /** The handler has no more. */
  finished(): void;
  /** It threw, and is done. */
  threw(reason: unknown): void;
}

/**
 * `idle`: may be asked for a value. `asked`: owes one. `held`: its last one is being taken. `leaving`: was told to return.
 * `done`: will not be heard again.
 */
type State = "idle" | "asked" | "held" | "leaving" | "done";

/** So many values are asked for even where the turn is over, as it is when code runs for the first time. */
const FIRST_VALUES = 16;

/**
 * Asks the iterator of a streaming handler for one value after the other, as long as there is room for them, and tells it
 * when nobody will ask again. A class, because each such call makes one: one hidden shape.
 */
export class Producer implements TurnWaiter {
  readonly #call: Call;
  readonly #output: AsyncIterator<unknown>;
  readonly #consumer: Consumer;
  #state: State = "idle";
  readonly #onNext = (result: IteratorResult<unknown>): void => this.#next(result);
  readonly #onValue = (value: unknown): void => this.#value(value);
  readonly #onThrow = (reason: unknown): void => this.#threw(reason);

  constructor(call: Call, output: AsyncIterator<unknown>, consumer: Consumer) {
    this.#call = call;
    this.#output = output;
    this.#consumer = consumer;
  }

  /** Asks for the next value, unless it is owed one. To be called as a part of the call. */
  pull(): void {
    if (this.#state !== "idle") return;
    this.#state = "asked";
    const { turns, messagesOut } = this.#call;
    if (messagesOut > FIRST_VALUES && turns.isOver()) turns.wait(this);
    else this.#ask();
  }

  /** The same, called from elsewhere, as when a client has made room. */
  pullAgain(): void {
    if (this.#state === "idle") this.#call.enter(pull, this, undefined);
  }

  /** The event loop has turned. */
  turned(): void {
    if (this.#state === "asked") this.#call.enter(ask, this, undefined);
  }

  /** Ends the iterator, so that its `finally` runs; the call is told when that is over. */
  leave(): void {
    if (this.#state === "leaving" || this.#state === "done") return;
    this.#state = "leaving";
    const done = (): void => {
      this.#state = "done";
      this.#call.handlerDone();
    };
    const failed = (reason: unknown): void => {
      this.#call.failLate(reason);
      done();
    };
    try {
      const returned = this.#call.enter(tellReturn, this.#output, undefined);
      if (returned === undefined) done();
      else follow(returned, done, failed);
    } catch (reason) {
      failed(reason);
    }
  }

  static ask(producer: Producer): void {
    producer.#ask();
  }

  #ask(): void {
    try {
      follow(askNext(this.#output), this.#onNext, this.#onThrow);
    } catch (reason) {
      this.#threw(reason);
    }
  }

  #next(result: IteratorResult<unknown>): void {
    // One that was told to return is on its way out.
    if (this.#state !== "asked") return;
    let value: unknown;
    try {
      if (isDone(result)) {
        this.#state = "done";
        this.#call.handlerDone();
        this.#consumer.finished();
        return;
      }
      value = result.value;
      if (isThenable(value)) {
        follow(value, this.#onValue, (reason) => this.#refused(reason));
        return;
      }
    } catch (reason) {
      this.#threw(reason);
      return;
    }
    this.#value(value);
  }

  #value(value: unknown): void {
    if (this.#state !== "asked") return;
    this.#state = "held";
    const taking = this.#consumer.take(value);
    if (taking === undefined) this.#taken();
    else follow(taking, () => this.#taken(), nothing);
  }

  #taken(): void {
    if (this.#state !== "held") return;
    this.#state = "idle";
    if (this.#consumer.hasRoom) this.pull();
  }

  /** The value that was promised is none. The iterator does not know, and would wait for ever to be asked again. */
  #refused(reason: unknown): void {
    if (this.#state === "asked") {
      this.#consumer.threw(reason);
      this.leave();
    } else this.#call.failLate(reason);
  }

  #threw(reason: unknown): void {
    if (this.#state !== "asked") {
      this.#call.failLate(reason);
      return;
    }
    this.#state = "done";
    this.#call.handlerDone();
    this.#consumer.threw(reason);
  }
}

function pull(producer: Producer): void {
  producer.pull();
}

function ask(producer: Producer): void {
  Producer.ask(producer);
}

function nothing(): void {}
