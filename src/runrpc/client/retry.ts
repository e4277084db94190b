import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { checkOptionNames } from "../option-names.ts";
import { backoffMs, pause } from "./backoff.ts";
import { isCertificateFault } from "./certificate-fault.ts";
import { createRetryBudget } from "./retry-budget.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { readTimeoutMs, writeTimeoutMs } from "./timeout-header.ts";

/**
 * When a call is made again: a unary one whose method says that it may (`idempotency_level` of NO_SIDE_EFFECTS or
 * IDEMPOTENT), that ended with UNAVAILABLE, or with an error whose RetryInfo names a delay. Attempts wait longer and
 * longer, never past the deadline, and stop while too many of them fail.
 */
export interface RetryOptions {
  /** Attempts in all, the first one included: 1 to 10. Default 4. */
  readonly maxAttempts?: number | undefined;
  /** From 0 to 1, for the length of waits. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Where Node's and the browsers' timers end, in milliseconds: what is longer would be over at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Makes calls again that failed and may be made again. @throws Error for an option that there is not, or that is out of range. */
export function retryInterceptor(options: RetryOptions): Interceptor {
  checkOptionNames("retry", options, ["maxAttempts", "random"]);
  const { maxAttempts = 4, random = Math.random } = options;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 10) {
    throw new Error(`maxAttempts ${maxAttempts} is not a whole number from 1 to 10`);
  }
  const budget = createRetryBudget();
  return (next) => async (request) => {
    if (request.stream || !mayRepeat(request.method)) return next(request);
    const deadline = deadlineOf(request.header);
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await next(request);
        budget.succeeded();
        return response;
      } catch (reason) {
        const waitMs = waitBefore(reason, attempt, random);
        if (waitMs === undefined || !budget.failed() || attempt === maxAttempts) throw reason;
        if (waitMs >= Math.min(LONGEST_WAIT_MS, deadline?.remainingMs() ?? LONGEST_WAIT_MS)) throw reason;
        await pause(waitMs, request.signal);
        deadline?.update();
      }
    }
  };
}

function mayRepeat({ idempotency }: DescMethod): boolean {
  return idempotency === Level.NO_SIDE_EFFECTS || idempotency === Level.IDEMPOTENT;
}

/** How long to wait after this failure, in milliseconds; undefined where there is to be no other attempt. */
function waitBefore(reason: unknown, attempt: number, random: () => number): number | undefined {
  if (!(reason instanceof ConnectError) || isCertificateFault(reason)) return undefined;
  const namedMs = retryDelayMs(reason);
  // The server's word, and a little more for each client of its own.
  if (namedMs !== undefined) return namedMs * (1 + random() / 10);
  return reason.code === Code.Unavailable ? backoffMs(attempt, random()) : undefined;
}

/** The deadline that the header of a request names, kept true for each attempt; undefined where it names none. */
function deadlineOf(header: Headers): { remainingMs(): number; update(): void } | undefined {
  const timeoutMs = readTimeoutMs(header);
  if (timeoutMs === undefined) return undefined;
  const endsAtMs = performance.now() + timeoutMs;
  const remainingMs = (): number => endsAtMs - performance.now();
  return { remainingMs, update: () => writeTimeoutMs(header, remainingMs()) };
}
