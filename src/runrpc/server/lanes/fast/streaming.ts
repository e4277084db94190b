import type { ConnectError } from "@connectrpc/connect";
import type { Call } from "../../call/call.ts";
import { iteratorOf } from "../../routes/iterator.ts";
import { follow, isThenable } from "../../routes/thenable.ts";
import type { Decoded, Encoded } from "./codec.ts";
import { compressed, decompressed, mayBeCompressed, type Outgoing } from "./compressed.ts";
import { CallContext } from "./context.ts";
import { InputStream } from "./input.ts";
import type { Plan } from "./plan.ts";
import { type Consumer, Producer } from "./producer.ts";
import type { CallParts, RequestBody } from "./protocol.ts";
import { type AnswerOwner, StreamAnswer } from "./stream-answer.ts";
import type { Exchange, Wire } from "./wire.ts";

/**
 * A call that streams in one direction or both: its request is one message or an `InputStream`, its handler gives one
 * message or is asked by a `Producer`, and what it gives goes to a `StreamAnswer`. A class, because each call makes one:
 * one hidden shape.
 */
export class StreamExchange implements Exchange, CallParts, Consumer, AnswerOwner {
  readonly plan: Plan;
  readonly call: Call;
  readonly wire: Wire;
  context: CallContext | undefined = undefined;
  /** What comes of the request: of a server stream its one message, of the others their messages; later nothing. */
  #request: RequestBody | InputStream | undefined = undefined;
  readonly #answer = new StreamAnswer(this);
  #producer: Producer | undefined = undefined;

  constructor(plan: Plan, call: Call, wire: Wire) {
    this.plan = plan;
    this.call = call;
    this.wire = wire;
  }

  begin(): void {
    const { plan, call, wire } = this;
    const isSingle = plan.route.handler.kind === "server_streaming";
    let request: RequestBody | InputStream;
    try {
      request = isSingle ? plan.protocol.requestBody(this) : new InputStream(plan, call, wire);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    this.#request = request;
    wire.read();
    if (request instanceof InputStream) this.#run(request);
  }

  onData(chunk: Buffer): void {
    if (this.#answer.isOver) return;
    try {
      this.#request?.push(chunk);
    } catch (reason) {
      this.fail(reason);
    }
  }

  onEnd(): void {
    if (this.#answer.isOver) return;
    if (this.#request instanceof InputStream) this.#request.end();
    else if (this.#request !== undefined) this.#single(this.#request);
  }

  onBroken(reason: unknown): void {
    if (this.#answer.isOver) return;
    if (this.#request instanceof InputStream) this.#request.break(reason);
    else this.fail(reason);
  }

  onDrain(): void {
    this.#answer.drained();
    if (this.#answer.hasRoom) this.#producer?.pullAgain();
  }

  isStalled(): boolean {
    return this.wire.isStalled;
  }

  waitingBytes(): number {
    return this.wire.waitingBytes;
  }

  cut(): void {
    this.wire.cut();
  }

  cancelled(reason: ConnectError): void {
    if (this.#request instanceof InputStream) this.#request.cancel(reason);
    this.#producer?.leave();
    this.#answer.end(reason);
    this.wire.cutSoon();
  }

  fail(reason: unknown): void {
    this.#answer.end(this.call.fail(reason));
  }

  get hasRoom(): boolean {
    return this.#answer.hasRoom;
  }

  take(value: unknown): Promise<void> | undefined {
    if (this.#answer.isOver) return undefined;
    try {
      const { append } = this.plan.codec;
      const { batch } = this.#answer;
      // The first one of a turn is mostly the only one, and has a buffer of its own.
      return append === undefined || batch.count === 0
        ? this.#send(this.plan.codec.encode(value))
        : this.#append(append(value, batch));
    } catch (reason) {
      this.fail(reason);
      this.#producer?.leave();
      return undefined;
    }
  }

  finished(): void {
    if (this.#answer.isOver) return;
    this.call.succeed();
    this.#answer.end(undefined);
  }

  threw(reason: unknown): void {
    if (this.#answer.isOver) this.call.failLate(reason);
    else this.fail(reason);
  }

  broken(): void {
    this.#producer?.leave();
  }

  /** The request of a server stream is whole. */
  #single(body: RequestBody): void {
    this.#request = undefined;
    try {
      const bytes = body.end();
      if (body.compression === undefined) {
        this.#runOn(this.plan.codec.decode(bytes));
        return;
      }
      decompressed(this.plan, this.call, body.compression, bytes).then(
        (input) => this.#runOn(input),
        (reason: unknown) => this.fail(reason),
      );
    } catch (reason) {
      this.fail(reason);
    }
  }

  #runOn(input: Decoded): void {
    this.call.messagesIn = 1;
    this.#run(input);
  }

  #run(input: Decoded | InputStream): void {
    this.call.handlerRunning = true;
    this.call.enter(start, this, input);
  }

  static start(exchange: StreamExchange, input: Decoded | InputStream): void {
    exchange.#start(input);
  }

  #start(input: Decoded | InputStream): void {
    const { start, route } = this.plan;
    const { kind } = route.handler;
    this.context = new CallContext(this.call, this.plan, this.wire, () => this.#answer.sendHeaders());
    try {
      const output = start(input, this.context);
      if (kind !== "client_streaming") {
        this.#producer = new Producer(this.call, iteratorOf(output), this);
        // It may have sent headers that HTTP does not take, before it gave anything to be left.
        if (this.#answer.isOver) this.#producer.leave();
        else this.#producer.pull();
      } else if (isThenable(output)) {
        follow(
          output,
          (message) => this.#returned(message),
          (reason) => this.#refused(reason),
        );
      } else this.#returned(output);
    } catch (reason) {
      this.#refused(reason);
    }
  }

  /** The one answer to a client's stream. */
  #returned(message: unknown): void {
    this.call.handlerDone();
    if (this.#answer.isOver) return;
    const taking = this.take(message);
    if (taking === undefined) this.finished();
    else taking.then(() => this.finished());
  }

  /** The handler threw without having given anything. */
  #refused(reason: unknown): void {
    this.call.handlerDone();
    this.threw(reason);
  }

  #send(message: Encoded): Promise<void> | undefined {
    const packing = compressed(this.plan, this.call, message);
    if (packing === undefined) this.#add(message);
    return packing?.then((packed) => this.#add(packed));
  }

  /** A message of this length was written behind others. */
  #append(length: number): Promise<void> | undefined {
    // What runs as a part of writing, such as a getter, may have ended the call.
    if (this.#answer.isOver) return undefined;
    if (mayBeCompressed(this.plan, this.call, length)) return this.#send(this.#answer.batch.written());
    this.call.sent();
    this.#answer.keep();
    return undefined;
  }

  #add(message: Outgoing): void {
    // The call may have ended while it was compressed.
    if (this.#answer.isOver) return;
    this.call.sent();
    this.#answer.add(message);
  }
}

function start(exchange: StreamExchange, input: Decoded | InputStream): void {
  StreamExchange.start(exchange, input);
}
