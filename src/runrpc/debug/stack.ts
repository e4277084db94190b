import { type Frame, framesOf } from "./place.ts";

/** Frames of a stack that are looked at: more than runrpc and Node put between a handler and what it calls. */
const MAX_FRAMES = 16;

/** The stack of this moment, which is made a text when it is read: that costs more than to take it. */
export interface TakenStack {
  readonly frames: readonly Frame[];
}

/** Takes the stack above a function. */
export function takeStack(above: (...args: never[]) => unknown): TakenStack {
  const limit = Error.stackTraceLimit;
  const taken: { stack?: string } = {};
  Error.stackTraceLimit = MAX_FRAMES;
  Error.captureStackTrace(taken, above);
  Error.stackTraceLimit = limit;
  return {
    get frames() {
      return framesOf(taken.stack ?? "");
    },
  };
}
