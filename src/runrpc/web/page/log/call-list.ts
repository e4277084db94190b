import { h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import { callerOf, type EndedCall, startText } from "../record/ended-call.ts";

/** Calls in a list that goes on as it is scrolled. */
export interface CallList {
  readonly element: HTMLElement;
  add(calls: readonly EndedCall[]): void;
  clear(): void;
  /** Marks the one that is looked at. */
  mark(id: string): void;
  /** Whether the end is in sight, or nearly. */
  isNearEnd(): boolean;
}

/** Above the end, in pixels. */
const NEAR_PX = 800;

/** @param onScroll called when it was scrolled. Rows out of sight are not drawn (`content-visibility`). */
export function createCallList(onScroll: () => void): CallList {
  const list = h("ol", { class: "calls" });
  const element = h(
    "div",
    { class: "call-list", tabindex: -1, onscroll: onScroll },
    h("div", { class: "call heading", "aria-hidden": "true" }, ...cells(HEADING)),
    list,
  );
  const links = new Map<string, HTMLAnchorElement>();
  let marked: HTMLAnchorElement | undefined;
  list.addEventListener("keydown", (event) => step(event, list));
  return {
    element,
    add(calls) {
      const rows = calls.map((call) => {
        const link = h("a", { class: `call ${call.code === "ok" ? "" : "failed"}`, href: `#log/${call.id}` });
        link.append(...cells(textsOf(call)));
        links.set(call.id, link);
        return h("li", {}, link);
      });
      list.append(...rows);
    },
    clear() {
      list.replaceChildren();
      links.clear();
    },
    mark(id) {
      marked?.removeAttribute("aria-current");
      marked = links.get(id);
      marked?.setAttribute("aria-current", "true");
    },
    isNearEnd: () => element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX,
  };
}

const HEADING = ["Started", "Code", "Took", "Method", "Caller"];

function textsOf(call: EndedCall): readonly string[] {
  return [startText(call), call.code, durationText(call.durationMs ?? 0), call.method, callerOf(call)];
}

function cells(texts: readonly string[]): readonly HTMLElement[] {
  return texts.map((text) => h("span", {}, text));
}

/** The arrow keys go from call to call. */
function step(event: KeyboardEvent, list: HTMLElement): void {
  const item = document.activeElement?.closest("li");
  if (item?.parentElement !== list) return;
  const other =
    event.key === "ArrowDown"
      ? item.nextElementSibling
      : event.key === "ArrowUp"
        ? item.previousElementSibling
        : null;
  if (other === null) return;
  event.preventDefault();
  other.querySelector("a")?.focus();
}
