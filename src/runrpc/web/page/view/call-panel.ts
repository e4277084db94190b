import { callPage } from "../connect/page-call.ts";
import { type OpenCall, startCall } from "../connect/start-call.ts";
import type { CallEvent } from "../connect/wire.ts";
import { button, h } from "../dom.ts";
import { violationsOf } from "../form/violations.ts";
import type { Report } from "../record/report.ts";
import type { MethodSchema, Schema, ServiceSchema } from "../schema.ts";
import { compactJson } from "./json-layout.ts";
import type { RequestEditor } from "./request-editor.ts";
import { createResponseView, type ResponseView } from "./response.ts";
import type { SettingsEditor } from "./settings.ts";

/** The buttons that make a call, and what comes of it. */
export interface CallPanel {
  readonly bar: HTMLElement;
  readonly response: HTMLElement;
  /** Sends the request, and opens the call where that has to be. */
  send(): void;
  /** Cancels what is open: the panel goes away. */
  close(): void;
}

export interface CallPanelOptions {
  readonly schema: Schema;
  readonly service: ServiceSchema;
  readonly method: MethodSchema;
  readonly key: () => string | undefined;
  readonly editor: RequestEditor;
  readonly settings: SettingsEditor;
  /** As for `ViewParts`. */
  readonly onFailure: () => void;
}

export function createCallPanel(options: CallPanelOptions): CallPanel {
  const { schema, service, method, key, editor, settings, onFailure } = options;
  const streamsIn = method.kind === "client_streaming" || method.kind === "bidi_streaming";
  const response = h("div", { class: "responses" });
  let view: ResponseView | undefined;
  let call: OpenCall | undefined;
  let hasEnded = false;

  const sendButton = button(streamsIn ? "Send message" : "Send", send, {
    class: "primary",
    title: "Ctrl + Enter",
    "aria-keyshortcuts": "Control+Enter",
  });
  const openButton = button("Open", () => settings.check() && open(), {
    title: "Opens the call without a message",
  });
  const endButton = button("End requests", endRequests, { title: "No further message follows (half-close)" });
  const cancelButton = button("Cancel", () => call?.cancel(), { class: "danger" });

  function refresh(): void {
    const isOpen = call !== undefined;
    sendButton.disabled = streamsIn ? hasEnded : isOpen;
    openButton.hidden = !streamsIn;
    openButton.disabled = isOpen;
    endButton.hidden = !streamsIn;
    endButton.disabled = !isOpen || hasEnded;
    cancelButton.disabled = !isOpen;
  }

  function open(): OpenCall {
    editor.clearViolations();
    hasEnded = false;
    const shown = createResponseView(method.kind, schema.traceLink);
    const follow = freshName();
    view = shown;
    response.replaceChildren(shown.element);
    const opened = startCall({
      method: `${service.name}/${method.name}`,
      kind: method.kind,
      key: key(),
      request: editor.text(),
      settings: { ...settings.get(), follow },
      onEvent(event) {
        take(event, shown);
        if (event.kind === "end") void report(follow, shown);
      },
    });
    call = opened;
    refresh();
    return opened;
  }

  function take(event: CallEvent, shown: ResponseView): void {
    shown.take(event);
    // A call that another one has taken the place of is over for the buttons.
    if (event.kind !== "end" || view !== shown) return;
    call = undefined;
    hasEnded = false;
    refresh();
    if (event.error === undefined) return;
    shown.showElsewhere(editor.showViolations(violationsOf(event.error)));
    onFailure();
  }

  /** What never came to the server has no report. */
  async function report(name: string, shown: ResponseView): Promise<void> {
    const found = await callPage<Report>("GetReport", { name }, key()).catch(() => undefined);
    if (found !== undefined) shown.report(found);
  }

  function send(): void {
    // What a call is made with counts where it begins.
    if (hasEnded || (call === undefined && !settings.check())) return;
    if (!streamsIn) {
      if (call === undefined) open();
      return;
    }
    const { requests } = call ?? open();
    const text = editor.text();
    const refused = view?.sent(compactJson(text));
    requests?.send(text).catch((reason: unknown) => refused?.(reasonOf(reason)));
  }

  function endRequests(): void {
    hasEnded = true;
    refresh();
    const shown = view;
    call?.requests?.end().catch((reason: unknown) => shown?.note(`Not ended: ${reasonOf(reason)}`));
  }

  refresh();
  return {
    bar: h("div", { class: "bar" }, sendButton, openButton, endButton, cancelButton),
    response,
    send,
    close: () => call?.cancel(),
  };
}

/** 128 random bits. (`crypto.randomUUID` is there on localhost and by TLS alone.) */
function freshName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function reasonOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
