import type { Metadata } from "../connect/call-settings.ts";
import type { CallError, CallEvent, ErrorDetail } from "../connect/wire.ts";
import { h } from "../dom.ts";
import type { FieldViolation } from "../form/violations.ts";
import { beforeNextFrame } from "../frames.ts";
import { traceNode } from "../record/facts.ts";
import { type Report, reportView } from "../record/report.ts";
import type { MethodKind } from "../schema.ts";
import { colouredJson } from "./json-text.ts";
import { createServerSide } from "./server-side.ts";
import { createTimeline, shownTime } from "./timeline.ts";

/** What is shown of one call, from its beginning. */
export interface ResponseView {
  readonly element: HTMLElement;
  /** A request is on its way. Gives what is told where the server refuses it. */
  sent(text: string): (reason: string) => void;
  /** What comes of the call. */
  take(event: CallEvent): void;
  /** Violations that no field of the form shows. */
  showElsewhere(violations: readonly FieldViolation[]): void;
  /** Something that is about the call, and no part of it. */
  note(text: string): void;
  /** What became of it in the server, once it has ended. */
  report(report: Report): void;
}

/**
 * Of a unary call there is nothing to count; one response is shown as a whole; beside a stream of requests is what happens in the
 * server.
 *
 * @param traceLink where a trace is looked at, as the schema has it
 */
export function createResponseView(kind: MethodKind, traceLink: string): ResponseView {
  const isUnary = kind === "unary";
  const isSingle = isUnary || kind === "client_streaming";
  const isFollowed = kind === "client_streaming" || kind === "bidi_streaming";
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  const status = h("p", { class: "status running", role: "status" }, "Running…");
  const notes = h("div", { class: "notes", role: "alert" });
  const error = h("div");
  const timeline = createTimeline();
  const serverSide = createServerSide();
  const messages = isFollowed
    ? h(
        "div",
        { class: "sides" },
        h("div", { class: "side" }, h("h3", {}, "Here"), timeline.element),
        serverSide.element,
      )
    : timeline.element;
  const metadata = h("div", { class: "metadata" });
  const reported = h("div");
  let firstMs: number | undefined;
  let requestId = "";
  let hasEnded = false;
  const tellCounts = beforeNextFrame(() => {
    if (!hasEnded) status.textContent = `Running…${told()}`;
  });

  function told(): string {
    const { sent, received } = timeline.counts;
    return isUnary ? "" : ` · ${sent > 0 ? `${sent} sent, ` : ""}${received} received`;
  }

  function note(text: string): void {
    notes.append(h("p", {}, text));
  }

  function end(failure: CallError | undefined): void {
    hasEnded = true;
    status.className = `status ${failure === undefined ? "ok" : "failed"}`;
    const first = firstMs === undefined || isSingle ? "" : ` · first after ${shownTime(firstMs)}`;
    status.replaceChildren(
      h("strong", {}, failure === undefined ? "OK" : failure.code),
      ` ${shownTime(since())}${told()}${first} `,
      ...(requestId === "" ? [] : [recordLink(requestId)]),
    );
    if (failure !== undefined) error.replaceChildren(...errorNodes(failure));
  }

  return {
    element: h(
      "section",
      { class: "response", "aria-label": "Response" },
      status,
      notes,
      error,
      messages,
      reported,
      metadata,
    ),
    sent(text) {
      const refused = timeline.add({ way: "sent", text, atMs: since(), isOpen: false });
      return (reason) => {
        refused();
        note(`Not sent: ${reason}`);
      };
    },
    take(event) {
      switch (event.kind) {
        case "headers":
          metadata.append(metadataTable("Headers", event.headers));
          requestId = event.headers.find(([name]) => name === "x-request-id")?.[1] ?? "";
          return;
        case "server":
          serverSide.add(event);
          return;
        case "message":
          firstMs ??= since();
          timeline.add({ way: "received", text: event.text, atMs: since(), isOpen: isSingle });
          if (!isUnary) tellCounts();
          return;
        case "end":
          if (event.trailers.length > 0) metadata.append(metadataTable("Trailers", event.trailers));
          end(event.error);
      }
    },
    showElsewhere(violations) {
      const items = violations.map(({ path, text }) =>
        h("li", {}, h("code", {}, pathText(path)), ` ${text}`),
      );
      if (items.length > 0) error.append(h("ul", { class: "violations" }, ...items));
    },
    note,
    report(report) {
      const { traceId = "" } = report.call;
      if (traceId !== "") status.append(" · trace ", traceNode(traceId, traceLink));
      reported.replaceChildren(reportView(report, traceLink));
    },
  };
}

/** Leads to what the request log has of a call. */
function recordLink(requestId: string): HTMLElement {
  return h("a", { href: `#log/?request_id=${encodeURIComponent(requestId)}` }, "Its record");
}

function errorNodes({ message, details }: CallError): readonly Node[] {
  return [h("p", { class: "message-of-error" }, message), ...details.map(detailNode)];
}

function detailNode({ type, value, debug }: ErrorDetail): HTMLElement {
  const shown = debug === undefined ? [`${value} (base64)`] : colouredJson(JSON.stringify(debug, null, 2));
  return h(
    "details",
    { class: "detail" },
    h("summary", {}, h("code", {}, type)),
    h("pre", { tabindex: 0 }, ...shown),
  );
}

function metadataTable(title: string, metadata: Metadata): HTMLElement {
  const rows = metadata.map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)),
  );
  return h(
    "details",
    {},
    h("summary", {}, `${title} `, h("span", { class: "dim" }, String(metadata.length))),
    h("table", {}, ...rows),
  );
}

function pathText(path: FieldViolation["path"]): string {
  return path
    .map((part, at) => {
      if (part.kind === "field") return `${at === 0 ? "" : "."}${part.name}`;
      return part.kind === "index" ? `[${part.index}]` : `[${JSON.stringify(part.key)}]`;
    })
    .join("");
}
