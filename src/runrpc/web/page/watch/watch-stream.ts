import { callServerStream } from "../connect/server-stream.ts";
import { MONITOR } from "../connect/services.ts";
import type { CallError } from "../connect/wire.ts";
import { type Look, lookFrom } from "./look.ts";

export interface WatchOptions {
  readonly key: () => string | undefined;
  readonly onLook: (look: Look) => void;
  /** It is not told any more. It is tried again, but where `isFinal`. */
  readonly onFault: (error: CallError, isFinal: boolean) => void;
}

/** Between two looks, in milliseconds. */
export const INTERVAL_MS = 1_000;

/** Open calls that are listed. */
const MAX_OPEN_CALLS = 100;

/** Before it is tried again, in milliseconds. */
const RETRY_MS = 2_000;

/** What trying again does not change. */
const FINAL: ReadonlySet<string> = new Set(["unimplemented", "unauthenticated", "permission_denied"]);

/** Watches the server, by one stream that all which is live is told by. Gives the end of it. */
export function watchServer({ key, onLook, onFault }: WatchOptions): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  void follow();
  return () => controller.abort();

  async function follow(): Promise<void> {
    for (;;) {
      const error = await once();
      if (signal.aborted) return;
      const isFinal = FINAL.has(error.code);
      onFault(error, isFinal);
      if (isFinal) return;
      await waited();
      if (signal.aborted) return;
    }
  }

  /** Until the stream ends, which a draining server does without an error. */
  async function once(): Promise<CallError> {
    const request = JSON.stringify({ intervalMs: INTERVAL_MS, maxOpenCalls: MAX_OPEN_CALLS });
    const settings = { headers: [], timeoutMs: undefined };
    let error: CallError | undefined;
    for await (const event of callServerStream(`${MONITOR}/Watch`, key(), request, settings, signal)) {
      if (event.kind === "message" && !signal.aborted) onLook(lookFrom(event.text));
      if (event.kind === "end") error = event.error;
    }
    return error ?? { code: "unavailable", message: "the server has ended", details: [] };
  }

  function waited(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
