import { h } from "../dom.ts";
import { beforeNextFrame } from "../frames.ts";

/** A list that grows at its end and loses its beginning, while thousands of lines come in a second. */
export interface LiveList {
  readonly element: HTMLElement;
  add(line: Line): void;
}

/** A line of it, which is made when it is drawn, if it is there by then. */
export interface Line {
  /** For the bound of all. */
  readonly characters: number;
  readonly make: () => HTMLElement;
}

/** Lines that are kept, and their characters: past it the oldest ones go. */
const MAX_LINES = 500;
const MAX_CHARACTERS = 4_000_000;

/** Nearer to the end than this, in pixels, it is followed. */
const NEAR_PX = 40;

/** @param what its lines are called, such as `messages` */
export function createLiveList(name: string, what: string): LiveList {
  const list = h("ol", { class: "messages", tabindex: 0, "aria-label": name });
  const dropped = h("p", { class: "dim", hidden: true });
  const kept: { readonly line: Line; element: HTMLElement | undefined }[] = [];
  let characters = 0;
  let droppedCount = 0;

  const draw = beforeNextFrame(() => {
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    const fresh: HTMLElement[] = [];
    for (let at = kept.length - 1; at >= 0; at--) {
      const one = kept[at];
      if (one === undefined || one.element !== undefined) break;
      one.element = one.line.make();
      fresh.unshift(one.element);
    }
    list.append(...fresh);
    dropped.hidden = droppedCount === 0;
    dropped.textContent = `${droppedCount} earlier ${what} are not kept.`;
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  });

  return {
    element: h("div", {}, dropped, list),
    add(line) {
      kept.push({ line, element: undefined });
      characters += line.characters;
      while (kept.length > MAX_LINES || (characters > MAX_CHARACTERS && kept.length > 1)) {
        const oldest = kept.shift();
        characters -= oldest?.line.characters ?? 0;
        oldest?.element?.remove();
        droppedCount++;
      }
      draw();
    },
  };
}
