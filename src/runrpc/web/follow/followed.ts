import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  OpenStreamResponse_Step_Kind as Kind,
  type OpenStreamResponse_StepSchema,
} from "../../../../gen/runrpc/web/v1/page_pb.ts";
import type { Call } from "../../server/call/call.ts";
import type { CallWatch } from "../../server/call/call-watch.ts";

/** Something that happened in a call, as the page is told of it. */
export type Step = MessageInitShape<typeof OpenStreamResponse_StepSchema>;

/** A query that a followed call has made. */
export interface AskedQuery {
  /** Such as `users.getUser`. */
  readonly name: string;
  readonly startedAtMs: number;
  /** 0 until it has an answer. */
  endedAtMs: number;
  /** How long it ran in its worker; undefined where nobody said. */
  ranMs: number | undefined;
  failed: boolean;
}

/** The latest queries of a call that are kept. */
const MAX_QUERIES = 100;

/** What is noted of a call that the page follows; times are those of `performance.now()`, and 0 is not yet, or never. */
export class Followed implements CallWatch {
  readonly call: Call;
  admittedAtMs = 0;
  handlerDoneAtMs = 0;
  readonly queries: AskedQuery[] = [];
  leftOutQueries = 0;
  /** Hears of each step when it happens. */
  onStep: ((step: Step) => void) | undefined = undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #onEnd: (followed: Followed) => void;

  constructor(call: Call, onEnd: (followed: Followed) => void) {
    this.call = call;
    this.#onEnd = onEnd;
  }

  admitted(): void {
    this.admittedAtMs = performance.now();
    this.onStep?.({ kind: Kind.ADMITTED });
  }

  signalMade(): void {}

  /** The handler was given a request. */
  taken(number: number, waitedMs: number): void {
    this.onStep?.({ kind: Kind.TAKEN, number, waitedMs });
  }

  asked(query: AskedQuery): void {
    if (this.queries.push(query) <= MAX_QUERIES) return;
    this.queries.shift();
    this.leftOutQueries++;
  }

  answered(query: AskedQuery): void {
    const { waitedMs, ranMs } = partsOf(query, query.endedAtMs);
    this.onStep?.({ kind: Kind.QUERIED, query: query.name, waitedMs, ranMs, failed: query.failed });
  }

  handlerDone(): void {
    this.handlerDoneAtMs = performance.now();
    this.onStep?.({ kind: Kind.DONE });
  }

  ended(): void {
    this.#onEnd(this);
    this.#ended.resolve();
  }

  /** Resolves when the call has ended. Rejects when the signal aborts before. */
  async whenEnded(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      await Promise.race([this.#ended.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

/** What the time of a query went to, until `nowMs` where it has no answer. */
export function partsOf(
  { startedAtMs, endedAtMs, ranMs }: AskedQuery,
  nowMs: number,
): { readonly waitedMs: number; readonly ranMs: number } {
  const tookMs = Math.max(0, (endedAtMs || nowMs) - startedAtMs);
  const ran = Math.min(ranMs ?? tookMs, tookMs);
  return { waitedMs: tookMs - ran, ranMs: ran };
}
