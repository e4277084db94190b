// Handlers that hold their thread, as a module for threads.
import type { HandlerContext } from "@connectrpc/connect";
import type { WaitRequest } from "../gen/bench/v1/bench_pb.ts";
import { handlers } from "./handlers.ts";

export const create = () => ({ ...handlers, wait });

/** Holds its thread for so long, or, below 0, until it sees that it is cancelled. */
function wait({ milliseconds }: WaitRequest, { signal }: HandlerContext) {
  if (milliseconds < 0) while (!signal.aborted) Math.sqrt(2);
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  return {};
}
