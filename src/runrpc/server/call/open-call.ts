import type { Call } from "./call.ts";

/** An open call, as it is shown. */
export interface OpenCall {
  /** `service/Method`. */
  readonly method: string;
  readonly requestId: string;
  /** Since its headers, in milliseconds. */
  readonly ageMs: number;
  /** Who calls: a key's subject, or the address. */
  readonly caller: string;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Such as `the query users.getUser` or `its client to read`. */
  readonly waitsFor: string;
}

/** The greatest length of a method as it was asked for, in characters. */
const MAX_METHOD = 200;

/** Shows a call. */
export function openCallOf(call: Call, waitsFor: string): OpenCall {
  const { head, principal, messagesIn, messagesOut } = call;
  return {
    method: head.path.slice(1, MAX_METHOD + 1),
    requestId: head.requestId,
    ageMs: call.durationMs,
    caller: principal?.subject ?? principal?.keyId ?? head.peer,
    messagesIn,
    messagesOut,
    waitsFor,
  };
}

/** What a call waits for, as far as the call itself knows: debug mode knows more. */
export function waitsFor(call: Call): string {
  if (!call.admitted) return "the gate";
  if (call.follower?.isStalled() === true) return "its client to read";
  if (call.handlerRunning) return "its handler";
  return call.settled ? "its answer to leave" : "its request";
}

/** All of them, the oldest first. */
export function shownCallsOf(calls: Iterable<Call>): readonly OpenCall[] {
  return Array.from(calls, (call) => openCallOf(call, waitsFor(call))).sort(
    (one, other) => other.ageMs - one.ageMs,
  );
}
