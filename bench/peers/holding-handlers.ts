// Handlers that hold their thread, as a module for threads.
import type { HandlerContext } from "@connectrpc/connect";
import type { WaitRequest } from "../gen/bench/v1/bench_pb.ts";
import { handlers } from "./handlers.ts";

export const create = () => ({ ...handlers, wait, echo });

/** Asks for a loop that looks at its signal. */
const POLLS = -1;

/**
 * Holds its thread: waits for so long, or, below 0, computes for so long by its own processor time, or until it sees that
 * it is cancelled.
 */
function wait({ milliseconds }: WaitRequest, context: HandlerContext) {
  if (milliseconds === POLLS) poll(context);
  else if (milliseconds < 0) compute(-milliseconds);
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  return {};
}

/** By how long the last loop that polled has outlived its deadline, in milliseconds. */
let lateMs = 0;

function poll({ signal, timeoutMs }: HandlerContext): void {
  const deadlineMs = performance.now() + (timeoutMs() ?? 0);
  while (!signal.aborted) Math.sqrt(2);
  lateMs = performance.now() - deadlineMs;
}

/** Tells it. */
function echo() {
  return { text: String(lateMs) };
}

function compute(milliseconds: number): void {
  const ranMs = (): number => process.threadCpuUsage().user / 1_000;
  for (const end = ranMs() + milliseconds; ranMs() < end; ) for (let n = 0; n < 100_000; n++) Math.sqrt(n);
}
