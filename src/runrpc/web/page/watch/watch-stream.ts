import { watchServer } from "../connect/watch.ts";
import type { CallError } from "../connect/wire.ts";
import { type Look, lookFrom } from "./look.ts";

export interface LookOptions {
  readonly key: () => string | undefined;
  readonly onLook: (look: Look) => void;
  /** As for `watchServer`. */
  readonly onFault: (error: CallError, isFinal: boolean) => void;
}

/** Between two looks, in milliseconds. */
export const INTERVAL_MS = 1_000;

/** Open calls that are listed. */
const MAX_OPEN_CALLS = 100;

/** Looks at what the server does, until it is told to end. */
export function watchLooks({ key, onLook, onFault }: LookOptions): () => void {
  return watchServer({
    key,
    request: () => ({ intervalMs: INTERVAL_MS, maxOpenCalls: MAX_OPEN_CALLS }),
    onAnswer: (text) => onLook(lookFrom(text)),
    onFault,
  });
}
