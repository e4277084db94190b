import type { ConnectError } from "@connectrpc/connect";
import type { Call } from "../../call/call.ts";
import { follow, isThenable } from "../../routes/thenable.ts";
import type { Decoded, Encoded } from "./codec.ts";
import { compressed, decompressed, type Outgoing } from "./compressed.ts";
import { CallContext } from "./context.ts";
import type { Plan } from "./plan.ts";
import type { CallParts, RequestBody } from "./protocol.ts";
import type { Exchange, Wire } from "./wire.ts";

/**
 * A unary call, as a straight line: collect, decode, call, encode, one write. A handler that answers at once costs
 * no promise. A class, because each call makes one: one hidden shape.
 */
export class UnaryExchange implements Exchange, CallParts {
  readonly plan: Plan;
  readonly call: Call;
  readonly wire: Wire;
  context: CallContext | undefined = undefined;
  #body: RequestBody | undefined = undefined;
  #isAnswered = false;

  constructor(plan: Plan, call: Call, wire: Wire) {
    this.plan = plan;
    this.call = call;
    this.wire = wire;
  }

  begin(): void {
    try {
      this.#body = this.plan.protocol.requestBody(this);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    this.wire.read();
  }

  onData(chunk: Buffer): void {
    if (this.#isAnswered) return;
    try {
      this.#body?.push(chunk);
    } catch (reason) {
      this.fail(reason);
    }
  }

  onEnd(): void {
    const body = this.#body;
    if (this.#isAnswered || body === undefined) return;
    this.#body = undefined;
    let input: Decoded;
    try {
      const bytes = body.end();
      if (body.compression !== undefined) {
        decompressed(this.plan, this.call, body.compression, bytes).then(
          (message) => this.#run(message),
          (reason: unknown) => this.fail(reason),
        );
        return;
      }
      input = this.plan.codec.decode(bytes);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    this.#run(input);
  }

  onBroken(reason: unknown): void {
    if (!this.#isAnswered) this.fail(reason);
  }

  onDrain(): void {}

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
    this.#answer(undefined, reason);
    this.wire.cutSoon();
  }

  fail(reason: unknown): void {
    this.#answer(undefined, this.call.fail(reason));
  }

  #run(input: Decoded): void {
    const { call } = this;
    call.messagesIn = 1;
    call.handlerRunning = true;
    this.context = new CallContext(call, this.plan, this.wire);
    let result: unknown;
    try {
      result = call.enter(this.plan.start, input, this.context);
      if (isThenable(result)) {
        follow(
          result,
          (value) => this.#returned(value),
          (reason) => this.#threw(reason),
        );
        return;
      }
    } catch (reason) {
      this.#threw(reason);
      return;
    }
    this.#returned(result);
  }

  #returned(result: unknown): void {
    this.call.handlerDone();
    if (this.#isAnswered) return;
    let message: Encoded;
    try {
      message = this.plan.codec.encode(result);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    const packing = compressed(this.plan, this.call, message);
    if (packing === undefined) this.#succeed(message);
    else packing.then((packed) => this.#succeed(packed));
  }

  #succeed(message: Outgoing): void {
    // It may have been cancelled while its message was compressed.
    if (this.#isAnswered) return;
    this.call.messagesOut = 1;
    this.call.succeed();
    this.#answer(message, undefined);
  }

  #threw(reason: unknown): void {
    this.call.handlerDone();
    if (this.#isAnswered) this.call.failLate(reason);
    else this.fail(reason);
  }

  #answer(message: Outgoing | undefined, error: ConnectError | undefined): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    if (!this.wire.isOpen) return;
    try {
      this.plan.protocol.answer(this, message, error);
    } catch (reason) {
      this.#answerWithout(reason);
    }
  }

  /** The handler's headers hold what HTTP does not allow: the client is told by an answer without them. */
  #answerWithout(reason: unknown): void {
    this.context = undefined;
    try {
      this.plan.protocol.answer(this, undefined, this.call.fail(reason));
    } catch {
      this.wire.destroy();
    }
  }
}
