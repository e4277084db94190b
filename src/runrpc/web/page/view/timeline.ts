import { button, h } from "../dom.ts";
import { copyText } from "./copy.ts";
import { prettyJson } from "./json-layout.ts";
import { colouredJson } from "./json-text.ts";
import { createLiveList } from "./live-list.ts";

const PREVIEW_CHARACTERS = 300;

/** A browser takes seconds to lay out more of one text. `Copy` copies all of it. */
const MAX_SHOWN_CHARACTERS = 1_000_000;

/** The messages of a call, as they pass. */
export interface Timeline {
  readonly element: HTMLElement;
  /** Gives what marks it as one that the server has refused. */
  add(message: TimelineMessage): () => void;
  /** How many have passed. */
  readonly counts: { readonly sent: number; readonly received: number };
}

export interface TimelineMessage {
  readonly way: "sent" | "received";
  /** As JSON. */
  readonly text: string;
  /** Since the call began. */
  readonly atMs: number;
  /** Shown as a whole at first. */
  readonly isOpen: boolean;
}

export function createTimeline(): Timeline {
  const list = createLiveList("Messages", "messages");
  const counts = { sent: 0, received: 0 };
  return {
    element: list.element,
    counts,
    add(message) {
      counts[message.way]++;
      let row: HTMLElement | undefined;
      let isRefused = false;
      list.add({
        characters: message.text.length,
        make() {
          row = rowOf(message);
          row.classList.toggle("refused", isRefused);
          return row;
        },
      });
      return () => {
        counts[message.way]--;
        isRefused = true;
        row?.classList.add("refused");
      };
    },
  };
}

function rowOf({ way, text, atMs, isOpen }: TimelineMessage): HTMLElement {
  const preview = text.length > PREVIEW_CHARACTERS ? `${text.slice(0, PREVIEW_CHARACTERS)}…` : text;
  const whole = h("div", { class: "whole" });
  const details = h(
    "details",
    { class: `passed ${way}` },
    h(
      "summary",
      {},
      h("span", { class: "way", title: way, role: "img", "aria-label": way }, way === "sent" ? "↑" : "↓"),
      h("span", { class: "at" }, shownTime(atMs)),
      h("code", {}, ...colouredJson(preview)),
    ),
    whole,
  );
  // Made when it is looked at: a stream may bring thousands.
  const fill = (): void => {
    const pretty = prettyJson(text);
    const copy = button("Copy", (event) => void copyText(pretty, event));
    const left = pretty.length - MAX_SHOWN_CHARACTERS;
    const shown = left <= 0 ? pretty : pretty.slice(0, MAX_SHOWN_CHARACTERS);
    whole.replaceChildren(h("pre", { tabindex: 0 }, ...colouredJson(shown)), copy);
    if (left > 0)
      whole.append(h("p", { class: "dim" }, `${left} more characters are copied, and not shown.`));
  };
  details.addEventListener("toggle", () => (details.open ? fill() : whole.replaceChildren()));
  details.open = isOpen;
  return h("li", {}, details);
}

/** Such as `12 ms`, `3.4 s`. */
export function shownTime(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
