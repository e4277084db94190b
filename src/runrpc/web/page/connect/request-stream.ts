import type { CallSettings, Metadata } from "./call-settings.ts";
import { callPage, PAGE_SERVICE } from "./page-call.ts";
import { callServerStream } from "./server-stream.ts";
import { type CallEvent, errorFrom, type Step } from "./wire.ts";

/** Requests on their way to a call, one after the other. */
export interface RequestStream {
  /** Resolves when the server has taken it in. @throws CallFailure with the reason why it has not. */
  send(request: string): Promise<void>;
  /** No further request follows. */
  end(): Promise<void>;
}

/** What OpenStream tells. */
interface OpenStreamEvent {
  readonly session?: string;
  readonly headers?: Entries;
  readonly message?: string;
  readonly end?: { readonly error?: string; readonly trailers?: Entries };
  readonly step?: Step;
  readonly atMs?: number;
}

interface Entries {
  readonly entries?: readonly { readonly name: string; readonly value?: string }[];
}

/**
 * Makes a call with a stream of requests. A browser cannot send one, so that the page's service makes the call in its place:
 * one stream brings what comes of it, and each request is a call of its own.
 */
export function callWithRequests(
  method: string,
  key: string | undefined,
  { timeoutMs, ...others }: CallSettings,
  signal: AbortSignal,
): { readonly events: AsyncGenerator<CallEvent>; readonly requests: RequestStream } {
  const session = Promise.withResolvers<string>();
  session.promise.catch(() => {}); // told by the end of the call
  let number = 1;
  let last: Promise<unknown> = Promise.resolve();

  /** A number is used up when its request has been taken in. */
  async function sendNext(request: object): Promise<void> {
    await callPage("SendMessage", { session: await session.promise, number, ...request }, key);
    number++;
  }

  function inTurn(request: object): Promise<void> {
    const sending = last.then(() => sendNext(request));
    last = sending.catch(() => {});
    return sending;
  }

  async function* events(): AsyncGenerator<CallEvent> {
    const open = JSON.stringify({ method, timeoutMs });
    const settings = { ...others, timeoutMs: undefined };
    for await (const event of callServerStream(`${PAGE_SERVICE}/OpenStream`, key, open, settings, signal)) {
      if (event.kind === "headers") continue; // those of OpenStream itself
      if (event.kind === "end") {
        session.reject(new Error("the call has ended"));
        return yield event;
      }
      const told = JSON.parse(event.text) as OpenStreamEvent; // of the server's own version
      if (told.session !== undefined) session.resolve(told.session);
      if (told.headers !== undefined) yield { kind: "headers", headers: metadataOf(told.headers) };
      const { step, atMs = 0 } = told;
      if (step !== undefined || told.message !== undefined) yield { kind: "server", atMs, step };
      if (told.message !== undefined) yield { kind: "message", text: told.message };
      if (told.end === undefined) continue;
      session.reject(new Error("the call has ended"));
      const error = told.end.error ? errorFrom(JSON.parse(told.end.error)) : undefined;
      return yield { kind: "end", trailers: metadataOf(told.end.trailers ?? {}), error };
    }
  }

  return {
    events: events(),
    requests: { send: (message) => inTurn({ message }), end: () => inTurn({ end: true }) },
  };
}

function metadataOf({ entries = [] }: Entries): Metadata {
  return entries.map(({ name, value = "" }) => [name, value]);
}
