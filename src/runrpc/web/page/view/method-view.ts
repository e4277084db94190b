import type { CallSettings } from "../connect/call-settings.ts";
import { button, h } from "../dom.ts";
import type { MethodSchema, Schema, ServiceSchema } from "../schema.ts";
import { snippetsOf } from "../snippets/snippets.ts";
import { createCallPanel } from "./call-panel.ts";
import { copyText } from "./copy.ts";
import { compactJson } from "./json-layout.ts";
import { createRequestEditor } from "./request-editor.ts";
import { createSettingsEditor } from "./settings.ts";
import { kinds } from "./sidebar.ts";

export interface MethodViewOptions {
  readonly schema: Schema;
  readonly service: ServiceSchema;
  readonly method: MethodSchema;
  readonly key: () => string | undefined;
  /** The request to begin with, as JSON. */
  readonly draft: string;
  /** Hears of each change of the request. */
  readonly onDraft: (text: string) => void;
  /** As for `ViewParts`. */
  readonly onFailure: () => void;
  /** What its calls are made with, to begin with. */
  readonly settings: CallSettings;
}

/** A method: what it is, its request, its calls. */
export interface MethodView {
  readonly element: HTMLElement;
  send(): void;
  /** What its calls are made with. */
  settings(): CallSettings;
  /** Cancels what is open. */
  close(): void;
}

export function createMethodView(options: MethodViewOptions): MethodView {
  const { schema, service, method, draft, onDraft } = options;
  const copies = h("div", { class: "snippet" });
  const panel = h("details", { class: "copies" }, h("summary", {}, "Copy as"), copies);
  let chosen = 0;
  const showCopies = (): void => {
    if (!panel.open) return;
    const snippets = snippetsOf({
      ...options,
      requests: [compactJson(editor.text())],
      settings: settings.get(),
      url: new URL("..", document.baseURI).href.replace(/\/$/, ""),
    });
    const { text = "" } = snippets[chosen] ?? snippets[0] ?? {};
    const choose = snippets.map(({ title }, at) =>
      button(
        title,
        () => {
          chosen = at;
          showCopies();
          copies.querySelectorAll("button")[at]?.focus();
        },
        { "aria-pressed": String(at === chosen) },
      ),
    );
    const copy = button("Copy", (event) => void copyText(text, event), { class: "primary" });
    copies.replaceChildren(h("div", { class: "bar" }, ...choose, copy), h("pre", { tabindex: 0 }, text));
  };
  panel.addEventListener("toggle", showCopies);
  const editor = createRequestEditor(schema, method.input, draft, (text) => {
    onDraft(text);
    showCopies();
  });
  const settings = createSettingsEditor(method.deadlineMs, options.settings, showCopies);
  const calls = createCallPanel({ ...options, editor, settings });
  return {
    element: h(
      "article",
      { class: "method" },
      headOf(service, method),
      editor.element,
      h("div", { class: "actions" }, calls.bar, settings.element),
      calls.response,
      panel,
    ),
    send: calls.send,
    settings: settings.get,
    close: calls.close,
  };
}

function headOf(service: ServiceSchema, method: MethodSchema): HTMLElement {
  const { sign, words } = kinds[method.kind];
  const chips = [`${sign} ${words}`, ...demandsOf(method)].map((text) => h("li", {}, text));
  return h(
    "header",
    {},
    h("h1", {}, h("span", { class: "dim" }, `${service.name}/`), h("wbr"), method.name),
    h("ul", { class: "chips", "aria-label": "What it asks for" }, ...chips),
    method.comment === "" ? undefined : h("p", { class: "comment" }, method.comment),
  );
}

/** What the method asks of its caller. */
function demandsOf(method: MethodSchema): readonly string[] {
  const { scopes, isPublic, isSafe, isDeprecated, deadlineMs, maxDeadlineMs, maxRequestBytes } = method;
  return [
    ...(isDeprecated ? ["deprecated"] : []),
    ...(isPublic ? ["public"] : scopes.length === 0 ? ["any key"] : scopes.map((scope) => `scope ${scope}`)),
    ...(isSafe ? ["no side effects"] : []),
    `${deadlineMs === 0 ? "no deadline" : `deadline ${timeText(deadlineMs)}`}${
      maxDeadlineMs === 0 ? "" : `, at most ${timeText(maxDeadlineMs)}`
    }`,
    `request ≤ ${bytesText(maxRequestBytes)}`,
  ];
}

function timeText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

function bytesText(bytes: number): string {
  if (bytes >= 1_048_576) return `${Math.round((bytes * 10) / 1_048_576) / 10} MiB`;
  return bytes >= 1_024 ? `${Math.round((bytes * 10) / 1_024) / 10} KiB` : `${bytes} bytes`;
}
