import { h } from "../dom.ts";
import { bytesText } from "../numbers.ts";
import { callerOf, type EndedCall, startText } from "./ended-call.ts";

/**
 * What the record of a call says, but for its outcome.
 *
 * @param traceLink where a trace is looked at, as the schema has it
 */
export function callFacts(call: EndedCall, traceLink: string): HTMLElement {
  const { requestId, kind, protocol, httpVersion, peer, keyId = "", cancelledBy = "", traceId = "" } = call;
  const { fault = "" } = call;
  const facts: readonly (readonly [string, Node | string])[] = [
    ["Request id", requestId],
    ["Started", startText(call)],
    ["Caller", callerOf(call)],
    ["Address", peer],
    ...(keyId === "" ? [] : [["Key", keyId] as const]),
    ["Protocol", `${protocol}, HTTP/${httpVersion}, ${kind.replace("_", " ")}`],
    ["In", passed(call.messagesIn, call.bytesIn)],
    ["Out", passed(call.messagesOut, call.bytesOut)],
    ...(cancelledBy === "" ? [] : [["Cancelled by", cancelledBy] as const]),
    ...(call.abandoned === true ? [["Handler", "left behind, still running"] as const] : []),
    ...(traceId === "" ? [] : [["Trace", traceNode(traceId, traceLink)] as const]),
    ...(fault === "" ? [] : [["Cannot be read", fault] as const]),
  ];
  return h(
    "dl",
    { class: "facts-of-call" },
    ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

/** Leads to a trace, where the server says where that is. */
export function traceNode(traceId: string, traceLink: string): HTMLElement {
  if (traceLink === "") return h("code", {}, traceId);
  const href = traceLink.replaceAll("{trace_id}", encodeURIComponent(traceId));
  return h("a", { href, target: "_blank", rel: "noreferrer" }, traceId);
}

function passed(messages = "0", bytes = "0"): string {
  return `${messages} ${messages === "1" ? "message" : "messages"}, ${bytesText(Number(bytes))}`;
}
