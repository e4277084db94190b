import { callServerStream } from "./server-stream.ts";
import { MONITOR } from "./services.ts";
import type { CallError } from "./wire.ts";

export interface WatchOptions {
  readonly key: () => string | undefined;
  /** A WatchRequest. @param isFirst false where the stream is begun again */
  readonly request: (isFirst: boolean) => object;
  /** @param text a WatchResponse as JSON */
  readonly onAnswer: (text: string) => void;
  /** It is not told any more. It is tried again, but where `isFinal`. */
  readonly onFault: (error: CallError, isFinal: boolean) => void;
}

/** Before it is tried again, in milliseconds. */
const RETRY_MS = 2_000;

/** What trying again does not change. */
const FINAL: ReadonlySet<string> = new Set(["unimplemented", "unauthenticated", "permission_denied"]);

/** Watches the server, by one stream that all which is live is told by. Gives the end of it. */
export function watchServer({ key, request, onAnswer, onFault }: WatchOptions): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  void follow();
  return () => controller.abort();

  async function follow(): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      const error = await once(JSON.stringify(request(isFirst)));
      if (signal.aborted) return;
      const isFinal = FINAL.has(error.code);
      onFault(error, isFinal);
      if (isFinal) return;
      await waited();
      if (signal.aborted) return;
    }
  }

  /** Until the stream ends, which a draining server does without an error. */
  async function once(asked: string): Promise<CallError> {
    const settings = { headers: [], timeoutMs: undefined };
    let error: CallError | undefined;
    for await (const event of callServerStream(`${MONITOR}/Watch`, key(), asked, settings, signal)) {
      if (event.kind === "message" && !signal.aborted) onAnswer(event.text);
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
