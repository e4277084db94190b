import { button, h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import type { EndedCall, KeptCall } from "../record/ended-call.ts";
import { callFacts } from "../record/facts.ts";
import { copyText } from "../view/copy.ts";
import { prettyJson } from "../view/json-layout.ts";
import { colouredJson } from "../view/json-text.ts";

/**
 * The record of a call, and what is kept of its request.
 *
 * @param traceLink as the schema has it
 * @param replay opens the form of its method with a request; undefined where the server has no such method
 */
export function callRecord(
  { call, requestJson = "", requestNote = "" }: KeptCall,
  traceLink: string,
  replay: ((request: string) => void) | undefined,
): HTMLElement {
  const pretty = prettyJson(requestJson);
  const isKept = requestJson !== "";
  const note =
    isKept || requestNote !== ""
      ? requestNote
      : "Not kept: log.requests keeps those of calls that came to their handlers.";
  return h(
    "article",
    { class: "pane record" },
    h("h2", {}, call.method),
    h(
      "p",
      { class: `status ${call.code === "ok" ? "ok" : "failed"}` },
      h("strong", {}, call.code),
      ` ${durationText(call.durationMs ?? 0)}`,
    ),
    call.error === undefined ? undefined : h("p", { class: "message-of-error" }, call.error),
    h(
      "div",
      { class: "bar" },
      replay &&
        button(isKept ? "Replay" : "Open in the explorer", () => replay(isKept ? pretty : "{}"), {
          class: "primary",
        }),
      isKept ? button("Copy request", (event) => void copyText(pretty, event)) : undefined,
    ),
    h("h3", {}, isOfStream(call) ? "Its first request" : "Its request"),
    note === "" ? undefined : h("p", { class: "dim" }, note),
    isKept
      ? h("pre", { tabindex: 0, role: "group", "aria-label": "Request" }, ...colouredJson(pretty))
      : undefined,
    h("h3", {}, "Its record"),
    callFacts(call, traceLink),
  );
}

function isOfStream({ kind }: EndedCall): boolean {
  return kind === "client_streaming" || kind === "bidi_streaming";
}
