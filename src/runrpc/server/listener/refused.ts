import type { ServerResponse } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import type { Refusal } from "./guard.ts";
import type { RefusalAnswer, RequestHandlers } from "./options.ts";

/** The answer to what the listener refuses, in plain text where nobody knows better. */
export function answerRefused(
  handlers: RequestHandlers,
  refusal: Refusal,
  headers: IncomingHttpHeaders,
  response?: ServerResponse,
): RefusalAnswer {
  if (handlers.answerRefused !== undefined) return handlers.answerRefused(refusal, headers, response);
  const { status, text } = refusal;
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${text}\n` };
}
