import { h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import { callerOf, type EndedCall, startText } from "../record/ended-call.ts";

/** Calls in a list that goes on as it is scrolled. */
export interface CallList {
  readonly element: HTMLElement;
  /** At its end. */
  add(calls: readonly EndedCall[]): void;
  /** At its beginning: calls that have just ended, in their order. What is too much leaves at the end. */
  addFresh(calls: readonly EndedCall[]): void;
  /** The call of a place in the address, where it is a fresh one. */
  fresh(place: string): EndedCall | undefined;
  clear(): void;
  /** Marks the one that is looked at, by its place in the address. */
  mark(place: string): void;
  /** Whether the end is in sight, or nearly. */
  isNearEnd(): boolean;
}

/** Above the end, in pixels. */
const NEAR_PX = 800;

/** Calls that are kept of those that are followed. */
const MAX_FRESH = 10_000;

/** @param onScroll called when it was scrolled. Rows out of sight are not drawn (`content-visibility`). */
export function createCallList(onScroll: () => void): CallList {
  const list = h("ol", { class: "calls" });
  const element = h(
    "div",
    { class: "call-list", tabindex: 0, role: "region", "aria-label": "Calls found", onscroll: onScroll },
    h("div", { class: "call heading", "aria-hidden": "true" }, ...cells(HEADING)),
    list,
  );
  const links = new Map<string, HTMLAnchorElement>();
  /** By place: those that have no number in the request log yet. */
  const fresh = new Map<string, EndedCall>();
  let freshCount = 0;
  let marked: HTMLAnchorElement | undefined;

  function rowOf(call: EndedCall, place: string): HTMLElement {
    const link = h("a", { class: `call ${call.code === "ok" ? "" : "failed"}`, href: `#log/${place}` });
    link.append(...cells(textsOf(call)));
    links.set(place, link);
    return h("li", {}, link);
  }

  list.addEventListener("keydown", (event) => step(event, list));
  return {
    element,
    add(calls) {
      list.append(...calls.map((call) => rowOf(call, call.id)));
    },
    addFresh(calls) {
      const rows = calls.map((call) => {
        const place = `fresh-${++freshCount}`;
        fresh.set(place, call);
        return rowOf(call, place);
      });
      list.prepend(...rows.reverse());
      for (const place of fresh.keys()) {
        if (fresh.size <= MAX_FRESH) break;
        fresh.delete(place);
        links.delete(place);
        list.lastElementChild?.remove();
      }
    },
    fresh: (place) => fresh.get(place),
    clear() {
      list.replaceChildren();
      links.clear();
      fresh.clear();
    },
    mark(place) {
      marked?.removeAttribute("aria-current");
      marked = links.get(place);
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
