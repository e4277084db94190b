import type { MethodKind } from "../schema.ts";
import type { CallSettings } from "./call-settings.ts";
import { callWithRequests, type RequestStream } from "./request-stream.ts";
import { callServerStream } from "./server-stream.ts";
import { callUnary } from "./unary.ts";
import type { CallEvent } from "./wire.ts";

/** A call that goes on. */
export interface OpenCall {
  /** Where requests are a stream. */
  readonly requests: RequestStream | undefined;
  /** Ends it, for the server too. */
  cancel(): void;
}

export interface StartOptions {
  /** Such as `users.v1.UserService/GetUser`. */
  readonly method: string;
  readonly kind: MethodKind;
  readonly key: string | undefined;
  /** The one request; of a stream of requests none is sent by itself. */
  readonly request: string;
  readonly settings: CallSettings;
  readonly onEvent: (event: CallEvent) => void;
}

/** Begins a call of any kind. `onEvent` hears all that comes of it, at last its end. */
export function startCall({ method, kind, key, request, settings, onEvent }: StartOptions): OpenCall {
  const controller = new AbortController();
  const { signal } = controller;
  const follow = async (events: AsyncIterable<CallEvent>): Promise<void> => {
    for await (const event of events) onEvent(event);
  };
  const cancel = () => controller.abort();
  if (kind === "unary" || kind === "server_streaming") {
    const call = kind === "unary" ? callUnary : callServerStream;
    void follow(call(method, key, request, settings, signal));
    return { requests: undefined, cancel };
  }
  const { events, requests } = callWithRequests(method, key, settings, signal);
  void follow(events);
  return { requests, cancel };
}
