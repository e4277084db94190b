import type { Input } from "./calls.ts";
import type { Kind } from "./cells.ts";

/** A request that breaks no rule, for the method of each kind. */
export const validRequest: Record<Kind, Input> = {
  unary: { id: "00000000-0000-4000-8000-000000000001" },
  server_streaming: {},
  client_streaming: { entries: [{ message: "a" }] },
  bidi_streaming: { room: "a" },
};

/** Responses that a subject's handler sends before its deed. */
export const answersBeforeDeed: Record<Kind, number> = {
  unary: 0,
  server_streaming: 1,
  client_streaming: 0,
  bidi_streaming: 1,
};
