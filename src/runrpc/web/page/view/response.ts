import type { CallError, CallEvent, ErrorDetail, Metadata } from "../connect/wire.ts";
import { h } from "../dom.ts";
import type { FieldViolation } from "../form/violations.ts";
import type { MethodKind } from "../schema.ts";
import { colouredJson } from "./json-text.ts";
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
}

/** Of a unary call there is nothing to count; one response is shown as a whole. */
export function createResponseView(kind: MethodKind): ResponseView {
  const isUnary = kind === "unary";
  const isSingle = isUnary || kind === "client_streaming";
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  const status = h("p", { class: "status running", role: "status" }, "Running…");
  const notes = h("div", { class: "notes", role: "alert" });
  const error = h("div");
  const timeline = createTimeline();
  const metadata = h("div", { class: "metadata" });
  let firstMs: number | undefined;
  let requestId = "";

  function told(): string {
    const { sent, received } = timeline.counts;
    return isUnary ? "" : ` · ${sent > 0 ? `${sent} sent, ` : ""}${received} received`;
  }

  function note(text: string): void {
    notes.append(h("p", {}, text));
  }

  function end(failure: CallError | undefined): void {
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
      timeline.element,
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
        case "message":
          firstMs ??= since();
          timeline.add({ way: "received", text: event.text, atMs: since(), isOpen: isSingle });
          if (!isUnary) status.textContent = `Running…${told()}`;
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
