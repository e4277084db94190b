import type { Call } from "../server/call/call.ts";
import type { Protocol } from "../server/call/record.ts";
import { isServerFault, OTHER_METHOD, type RpcSystem, statusOf, systemOf } from "../server/call/rpc-names.ts";
import type { Route } from "../server/routes/routes.ts";
import { type Exposition, type Labels, labelsOf } from "./exposition.ts";
import { CALL_SECONDS, FIRST_MESSAGE_SECONDS, Histogram, STREAM_SECONDS } from "./histogram.ts";

/** In the order of their outcomes' places. */
const SYSTEMS = ["grpc", "connectrpc"] as const satisfies readonly RpcSystem[];

/** OK and the sixteen codes of errors. */
const CODES = 17;

/** Calls of one method that are open at this moment, and what they have sent and received. */
export interface OpenCounts {
  calls: number;
  /** Of the oldest, in milliseconds. */
  oldestMs: number;
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
}

/** What the calls of one method have come to. A class, because each call that ends writes to one: one hidden shape. */
export class MethodCounts {
  readonly labels: Labels;
  readonly isStream: boolean;
  /** From the headers to the first message, of answers that may have many. */
  readonly firstMessage: Histogram | undefined;
  /** Of the calls that have ended. */
  messagesIn = 0;
  messagesOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  #greatestOut = 0;
  readonly #method: string;
  readonly #kind: string;
  /** By system and code: durations to the end of the call. */
  readonly #durations: (Histogram | undefined)[] = new Array<undefined>(SYSTEMS.length * CODES).fill(
    undefined,
  );

  /** @param route undefined for the calls of all methods that nobody serves */
  constructor(route: Route | undefined) {
    this.#method = route === undefined ? OTHER_METHOD : route.path.slice(1);
    this.#kind = route?.method.methodKind ?? "unknown";
    this.labels = labelsOf({ rpc_method: this.#method, runrpc_kind: this.#kind });
    this.isStream = this.#kind.endsWith("_streaming");
    const sendsMany = this.#kind === "server_streaming" || this.#kind === "bidi_streaming";
    this.firstMessage = sendsMany ? new Histogram(FIRST_MESSAGE_SECONDS) : undefined;
  }

  /** A call has ended. */
  take(call: Call): void {
    const { error, messagesOut, firstSentAtMs, startedAtMs } = call;
    this.messagesIn += call.messagesIn;
    this.messagesOut += messagesOut;
    this.bytesIn += call.bytesIn;
    this.bytesOut += call.bytesOut;
    const place = placeOf(call.head.protocol, error === undefined ? 0 : error.code);
    let durations = this.#durations[place];
    if (durations === undefined) {
      durations = new Histogram(this.isStream ? STREAM_SECONDS : CALL_SECONDS);
      this.#durations[place] = durations;
    }
    durations.observe(call.durationMs / 1_000);
    if (firstSentAtMs !== 0) this.firstMessage?.observe((firstSentAtMs - startedAtMs) / 1_000);
  }

  /**
   * The greatest of what it was given: a message that could not be written after all is taken back (lane stock), and a
   * counter that goes down reads as one that has begun again.
   */
  neverLess(messagesOut: number): number {
    this.#greatestOut = Math.max(this.#greatestOut, messagesOut);
    return this.#greatestOut;
  }

  /** Whether a call of it has ended. */
  get hasEnded(): boolean {
    return this.#durations.some((durations) => durations !== undefined);
  }

  writeDurations(exposition: Exposition): void {
    for (const [place, durations] of this.#durations.entries())
      durations?.write(exposition, this.#outcomeLabels(place));
  }

  #outcomeLabels(place: number): Labels {
    const system = SYSTEMS[Math.floor(place / CODES)] ?? "grpc";
    const status = statusOf(system, place % CODES);
    return labelsOf({
      rpc_system_name: system,
      rpc_method: this.#method,
      rpc_status_code: status,
      // A label that is empty is none.
      ...(isServerFault(place % CODES) ? { error_type: status } : {}),
      runrpc_kind: this.#kind,
    });
  }
}

function placeOf(protocol: Protocol, code: number): number {
  return (systemOf(protocol) === "grpc" ? 0 : CODES) + code;
}
