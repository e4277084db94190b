import { callServerStream } from "./server-stream.ts";
import { MONITOR } from "./services.ts";
import type { CallError } from "./wire.ts";

export interface WatchOptions {
  readonly key: () => string | undefined;
  /** A WatchRequest, asked for each stream: where one ends, another is begun. */
  readonly request: () => object;
  /** @param text a WatchResponse as JSON */
  readonly onAnswer: (text: string) => void;
  /** It is not told any more. It is tried again, but where `isFinal`. */
  readonly onFault: (error: CallError, isFinal: boolean) => void;
}

/** Before it is tried again, in milliseconds: twice as long each time, while it is in vain. */
const RETRY_MS = { first: 250, greatest: 4_000 } as const;

/** What trying again does not change. */
const FINAL: ReadonlySet<string> = new Set(["unimplemented", "unauthenticated", "permission_denied"]);

/** Watches the server, by one stream that all which is live is told by. Gives the end of it. */
export function watchServer({ key, request, onAnswer, onFault }: WatchOptions): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  void follow();
  return () => controller.abort();

  async function follow(): Promise<void> {
    for (let retryMs: number = RETRY_MS.first; ; retryMs = Math.min(2 * retryMs, RETRY_MS.greatest)) {
      const { error, answers } = await once(JSON.stringify(request()));
      if (signal.aborted) return;
      const isFinal = FINAL.has(error.code);
      onFault(error, isFinal);
      if (isFinal) return;
      // One that drains gives a single answer.
      if (answers > 1) retryMs = RETRY_MS.first;
      await waited(retryMs);
      if (signal.aborted) return;
    }
  }

  /** Until the stream ends, which a draining server does without an error. */
  async function once(asked: string): Promise<{ readonly error: CallError; readonly answers: number }> {
    const settings = { headers: [], timeoutMs: undefined };
    let error: CallError = { code: "unavailable", message: "the server has ended", details: [] };
    let answers = 0;
    for await (const event of callServerStream(`${MONITOR}/Watch`, key(), asked, settings, signal)) {
      if (event.kind === "message" && !signal.aborted) {
        answers++;
        onAnswer(event.text);
      }
      if (event.kind === "end" && event.error !== undefined) error = event.error;
    }
    return { error, answers };
  }

  function waited(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
