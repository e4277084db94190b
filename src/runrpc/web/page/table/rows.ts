import { h } from "../dom.ts";
import { putInOrder } from "./put-in-order.ts";

/** The body of a table whose rows come and go: one that stays is the same element, so that nobody loses his place in it. */
export interface Rows<T> {
  readonly element: HTMLTableSectionElement;
  /** In this order. */
  update(items: readonly T[]): void;
}

/** A row, which is made once and told of each change. */
export interface LiveRow<T> {
  readonly element: HTMLTableRowElement;
  update(item: T): void;
}

/** @param keyOf what tells an item from the others. */
export function createRows<T>(keyOf: (item: T) => string, make: (item: T) => LiveRow<T>): Rows<T> {
  const element = h("tbody");
  const known = new Map<string, LiveRow<T>>();
  return {
    element,
    update(items) {
      const left = new Set(known.keys());
      const rows = items.map((item) => {
        const key = keyOf(item);
        const row = known.get(key) ?? make(item);
        known.set(key, row);
        left.delete(key);
        row.update(item);
        return row.element;
      });
      putInOrder(element, rows);
      for (const key of left) known.delete(key);
    },
  };
}

/** A row of texts and elements, of which a text is changed where it is another one. */
export function cellsRow<T>(cellsOf: (item: T) => readonly string[], last?: Node): LiveRow<T> {
  const element = h("tr");
  let cells: readonly HTMLTableCellElement[] = [];
  return {
    element,
    update(item) {
      const texts = cellsOf(item);
      if (cells.length === 0) {
        cells = texts.map((_, at) => (at === 0 ? h("th", { scope: "row" }) : h("td")));
        element.append(...cells, ...(last === undefined ? [] : [h("td", {}, last)]));
      }
      for (const [at, text] of texts.entries()) {
        const cell = cells[at];
        if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
      }
    },
  };
}

/** A table with its heading. What is wide scrolls, by the keyboard as well. */
export function tableOf(name: string, heading: readonly string[], body: HTMLElement): HTMLElement {
  return h(
    "div",
    { class: "scrolled", tabindex: 0, role: "region", "aria-label": name },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, ...heading.map((text) => (text === "" ? h("td") : h("th", { scope: "col" }, text)))),
      ),
      body,
    ),
  );
}
