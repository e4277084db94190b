import { type DescMessage, type Message, type Registry, toJsonString } from "@bufbuild/protobuf";
import { boundedText } from "../bounded-text.ts";
import { redact } from "./redact.ts";
import { maySizeWithin } from "./size.ts";

/** The request of a call, as it is kept. */
export interface KeptRequest {
  /** As JSON, without what is sensitive; empty: it is not kept. */
  readonly json: string;
  /** What is missing, or why it is not kept, in words; empty: it is whole. */
  readonly note: string;
}

/** Parts that were left out and are named. */
const MAX_NAMED = 20;

/** Makes what is kept of a request. It costs no more than a request of `maxBytes` does. Never throws. */
export function keptRequest(
  desc: DescMessage,
  message: Message,
  registry: Registry,
  maxBytes: number,
): KeptRequest {
  try {
    if (!maySizeWithin(desc, message, maxBytes)) return tooLong(maxBytes);
    const redacted = redact(desc, message, registry);
    const json = toJsonString(desc, redacted.message, { registry });
    if (Buffer.byteLength(json) > maxBytes) return tooLong(maxBytes);
    return { json, note: noteOf(redacted.leftOut) };
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    return { json: "", note: boundedText(`not kept: it cannot be written as JSON: ${why}`, 200) };
  }
}

function tooLong(maxBytes: number): KeptRequest {
  return { json: "", note: `not kept: it is longer than ${maxBytes} bytes as JSON` };
}

function noteOf(leftOut: readonly string[]): string {
  if (leftOut.length === 0) return "";
  const named = leftOut.slice(0, MAX_NAMED).map((name) => boundedText(name, 100));
  const others = leftOut.length - named.length;
  return `left out: ${named.join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
}
