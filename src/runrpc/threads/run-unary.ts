import { follow, isThenable } from "../server/routes/thenable.ts";
import { op } from "./protocol.ts";
import { ThreadContext } from "./thread-context.ts";
import type { ThreadMethod } from "./thread-method.ts";
import { wireFromError } from "./wire-error.ts";

/** Says what came of a call, which is over by then. */
export type Finish = (code: number, bytes: Buffer | undefined, value: unknown) => void;

/** Runs a unary call. True: it goes on, and `finish` is called later. It does not throw. */
export function runUnary(
  { run, decode, encode }: ThreadMethod,
  request: Buffer,
  context: ThreadContext,
  finish: Finish,
): boolean {
  const fail = (reason: unknown): void =>
    finish(op.fail, undefined, [wireFromError(reason), ThreadContext.sent(context)]);

  function answer(value: unknown): void {
    let bytes: Buffer;
    try {
      bytes = encode(value);
    } catch (reason) {
      fail(reason);
      return;
    }
    finish(op.end, bytes, ThreadContext.sent(context));
  }

  let result: unknown;
  try {
    result = run(decode(request), context);
    if (isThenable(result)) {
      follow(result, answer, fail);
      return true;
    }
  } catch (reason) {
    fail(reason);
    return false;
  }
  answer(result);
  return false;
}
