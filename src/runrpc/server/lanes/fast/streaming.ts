import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Call } from "../../call/call.ts";
import type { TurnWaiter } from "../../call/loop-turns.ts";
import { askNext, isDone, iteratorOf, tellReturn } from "../../routes/iterator.ts";
import { follow, isThenable } from "../../routes/thenable.ts";
import type { Encoded } from "./codec.ts";
import { decompressed, namesCompression } from "./compressed.ts";
import { CallContext } from "./context.ts";
import { byteLengthOf, ENVELOPE_BYTES, envelopes } from "./envelope.ts";
import { sendWhole } from "./enveloped.ts";
import { InputStream } from "./input.ts";
import type { Plan } from "./plan.ts";
import { type CallParts, type Ending, type RequestBody, responseHeaders } from "./protocol.ts";
import type { Exchange, Wire } from "./wire.ts";

/** What a generator yields without waiting is written at the latest when it has come to this, in bytes. */
const MAX_BATCH_BYTES = 32_768;

/** The same in messages: small ones cost more than their bytes. */
const MAX_BATCH_MESSAGES = 1_000;

/** So many leave together even where the turn is over, as it is when code runs for the first time. */
const FIRST_MESSAGES = 16;

/**
 * A call that streams in one direction or both. Messages that a generator yields within one turn of the event loop
 * leave in one write; it is asked for the next one while the client reads, and as long as the call lasts. A class,
 * because each call makes one: one hidden shape.
 */
export class StreamExchange implements Exchange, CallParts, TurnWaiter {
  readonly plan: Plan;
  readonly call: Call;
  readonly wire: Wire;
  context: CallContext | undefined = undefined;
  /** Of a server stream: its one request. */
  #body: RequestBody | undefined = undefined;
  /** Of the others: their requests. */
  #input: InputStream | undefined = undefined;
  #output: AsyncIterator<unknown> | undefined = undefined;
  #batch: Encoded[] = [];
  #batchBytes = 0;
  #isFlushDue = false;
  /** The client does not read. */
  #isBlocked = false;
  /** The generator was asked for a message. */
  #isPulling = false;
  #hasResponded = false;
  #isAnswered = false;
  readonly #onNext = (result: IteratorResult<unknown>): void => this.#next(result);
  readonly #onValue = (value: unknown): void => this.#value(value);
  readonly #onThrow = (reason: unknown): void => this.#threw(reason);

  constructor(plan: Plan, call: Call, wire: Wire) {
    this.plan = plan;
    this.call = call;
    this.wire = wire;
  }

  begin(): void {
    if (this.plan.route.handler.kind === "server_streaming") {
      this.#body = this.plan.protocol.requestBody(this.plan, namesCompression(this.plan, this.call));
      this.wire.read();
      return;
    }
    this.#input = new InputStream(this.plan, this.call, this.wire);
    this.wire.read();
    this.#run(this.#input);
  }

  onData(chunk: Buffer): void {
    if (this.#isAnswered) return;
    if (this.#input !== undefined) {
      this.#input.push(chunk);
      return;
    }
    try {
      this.#body?.push(chunk);
    } catch (reason) {
      this.fail(reason);
    }
  }

  onEnd(): void {
    if (this.#isAnswered) return;
    if (this.#input !== undefined) this.#input.end();
    else this.#single();
  }

  onDrain(): void {
    this.#isBlocked = false;
    if (!this.#isAnswered && !this.#isPulling) this.call.enter(pull, this, undefined);
  }

  isStalled(): boolean {
    return this.wire.isStalled;
  }

  cut(): void {
    this.wire.cut();
  }

  cancelled(reason: ConnectError): void {
    this.#input?.cancel(reason);
    this.#leave();
    this.#end(reason);
    this.wire.cutSoon();
  }

  fail(reason: unknown): void {
    this.#end(this.call.fail(reason));
  }

  sendHeaders(): void {
    if (!this.#isAnswered && this.wire.isOpen) this.#guarded(() => this.#respond());
  }

  /** The request of a server stream is whole. */
  #single(): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#body = undefined;
    try {
      const bytes = body.end();
      if (body.isCompressed) {
        decompressed(this.plan, this.call, bytes).then(
          (input) => this.#runOn(input),
          (reason: unknown) => this.fail(reason),
        );
        return;
      }
      this.#runOn(this.plan.codec.decode(bytes));
    } catch (reason) {
      this.fail(reason);
    }
  }

  #runOn(input: Message): void {
    this.call.messagesIn = 1;
    this.#run(input);
  }

  #run(input: Message | InputStream): void {
    this.call.handlerRunning = true;
    this.call.enter(run, this, input);
  }

  #start(input: Message | InputStream): void {
    const { kind, start } = this.plan.route.handler;
    this.context = new CallContext(this.call, this.plan, this.wire);
    try {
      const output = start(input, this.context);
      if (kind === "client_streaming") {
        if (isThenable(output)) follow(output, (message) => this.#returned(message), this.#onThrow);
        else this.#returned(output);
        return;
      }
      this.#output = iteratorOf(output);
      this.#pull();
    } catch (reason) {
      this.#threw(reason);
    }
  }

  #pull(): void {
    if (this.#output === undefined || this.#isAnswered) return;
    this.#isPulling = true;
    const { turns, messagesOut } = this.call;
    if (messagesOut > FIRST_MESSAGES && turns.isOver()) turns.wait(this);
    else this.#ask(this.#output);
  }

  /** The event loop has turned. */
  turned(): void {
    if (this.#output !== undefined && !this.#isAnswered) this.call.enter(ask, this, this.#output);
  }

  static pull(exchange: StreamExchange): void {
    exchange.#pull();
  }

  static ask(exchange: StreamExchange, output: AsyncIterator<unknown>): void {
    exchange.#ask(output);
  }

  static run(exchange: StreamExchange, input: Message | InputStream): void {
    exchange.#start(input);
  }

  #ask(output: AsyncIterator<unknown>): void {
    try {
      follow(askNext(output), this.#onNext, this.#onThrow);
    } catch (reason) {
      this.#threw(reason);
    }
  }

  #next(result: IteratorResult<unknown>): void {
    // After a cancel the generator is on its way out.
    if (this.#isAnswered) return;
    let value: unknown;
    try {
      if (isDone(result)) {
        this.#done();
        return;
      }
      value = result.value;
      if (isThenable(value)) {
        follow(value, this.#onValue, this.#onThrow);
        return;
      }
    } catch (reason) {
      this.#threw(reason);
      return;
    }
    this.#value(value);
  }

  #value(value: unknown): void {
    this.#isPulling = false;
    if (this.#isAnswered) return;
    if (!this.#queue(value)) this.#leave();
    else if (!this.#isBlocked) this.#pull();
  }

  /** The one answer to a client's stream. */
  #returned(message: unknown): void {
    if (this.#isAnswered) this.call.handlerDone();
    else if (this.#queue(message)) this.#done();
    else this.call.handlerDone();
  }

  #threw(reason: unknown): void {
    if (this.#isAnswered) this.call.failLate(reason);
    // A generator that was told to return is done when it says so.
    if (this.#isAnswered && this.#output !== undefined) return;
    this.call.handlerDone();
    if (!this.#isAnswered) this.fail(reason);
  }

  #done(): void {
    this.call.handlerDone();
    this.call.succeed();
    this.#end(undefined);
  }

  /** Ends the generator, so that its `finally` runs. */
  #leave(): void {
    const output = this.#output;
    if (output === undefined) return;
    const done = (): void => this.call.handlerDone();
    const failed = (reason: unknown): void => {
      this.call.failLate(reason);
      done();
    };
    try {
      const returned = this.call.enter(tellReturn, output, undefined);
      if (returned === undefined) done();
      else follow(returned, done, failed);
    } catch (reason) {
      failed(reason);
    }
  }

  /** Takes a message for the next write. False: it cannot be sent, and the call has failed. */
  #queue(value: unknown): boolean {
    try {
      const message = this.plan.codec.encode(this.plan.route.handler.admit(value));
      this.#batch.push(message);
      this.#batchBytes += ENVELOPE_BYTES + byteLengthOf(message);
    } catch (reason) {
      this.fail(reason);
      return false;
    }
    this.call.messagesOut++;
    if (this.#batchBytes >= MAX_BATCH_BYTES || this.#batch.length >= MAX_BATCH_MESSAGES) this.#flush();
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      // After the microtasks in which the generator may yield more, before anything else happens.
      process.nextTick(flush, this);
    }
    return true;
  }

  /** Writes what the generator has yielded in this turn. */
  static flush(exchange: StreamExchange): void {
    exchange.#isFlushDue = false;
    exchange.#flush();
  }

  #flush(): void {
    if (this.#isAnswered || this.#batch.length === 0 || !this.wire.isOpen) return;
    this.#guarded(() => {
      this.#respond();
      this.#isBlocked = !this.wire.write(envelopes(this.#batch, undefined));
      this.#batch = [];
      this.#batchBytes = 0;
    });
  }

  #respond(): void {
    if (this.#hasResponded) return;
    this.wire.respond(responseHeaders(this), this.plan.protocol.needsHttp2);
    this.#hasResponded = true;
  }

  #end(error: ConnectError | undefined): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    if (!this.wire.isOpen) return;
    this.#guarded(() => {
      const ending = this.#ending(error);
      const { bytes, trailers } = ending;
      if (!this.#hasResponded) sendWhole(this, this.#batch, ending, this.call.error !== undefined);
      else this.wire.end(this.#batch.length === 0 ? bytes : envelopes(this.#batch, bytes), trailers);
    });
  }

  /** Trailers that no client can take make the call fail, and its status takes their place. */
  #ending(error: ConnectError | undefined): Ending {
    try {
      return this.plan.protocol.ending(this, error);
    } catch (reason) {
      this.context = undefined;
      return this.plan.protocol.ending(this, this.call.fail(reason));
    }
  }

  /** Headers that HTTP does not allow end the call; the client is told without them, if it was told nothing yet. */
  #guarded(write: () => void): void {
    try {
      write();
    } catch (reason) {
      this.#isAnswered = true;
      const error = this.call.fail(reason);
      this.#leave();
      if (this.#hasResponded) this.wire.destroy();
      else this.#answerWithout(error);
    }
  }

  #answerWithout(error: ConnectError): void {
    this.context = undefined;
    try {
      sendWhole(this, [], this.plan.protocol.ending(this, error), true);
    } catch {
      this.wire.destroy();
    }
  }
}

function pull(exchange: StreamExchange): void {
  StreamExchange.pull(exchange);
}

function ask(exchange: StreamExchange, output: AsyncIterator<unknown>): void {
  StreamExchange.ask(exchange, output);
}

function run(exchange: StreamExchange, input: Message | InputStream): void {
  StreamExchange.run(exchange, input);
}

function flush(exchange: StreamExchange): void {
  StreamExchange.flush(exchange);
}
