import { ask } from "../connect/ask.ts";
import { DEBUG } from "../connect/services.ts";
import { h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import { putInOrder } from "../table/put-in-order.ts";

/** What ListFindings tells of one finding. */
interface Finding {
  readonly kind: string;
  readonly text: string;
  readonly cure?: string;
  readonly place?: string;
  readonly method?: string;
  readonly requestId?: string;
  readonly count?: string;
  readonly totalMs?: number;
  readonly longestMs?: number;
  readonly lastTime?: string;
  readonly stack?: readonly string[];
}

/** What debug mode has found. */
export interface FindingList {
  readonly element: HTMLElement;
  /** Asks for them, where there are others than before. */
  update(counts: Readonly<Record<string, number>>): void;
}

/** @param isServed whether the server runs in debug mode */
export function createFindingList(isServed: boolean, key: () => string | undefined): FindingList {
  const list = h("ul", { class: "findings" });
  const note = h("p", { class: "dim" }, isServed ? "Nothing yet." : "");
  if (!isServed)
    note.append(
      "Debug mode is off. ",
      h("code", {}, "npm start -- --debug"),
      " looks for what holds the loop.",
    );
  /** By what tells one from another: who has opened one finds it open when it is counted again. */
  const shown = new Map<string, FindingItem>();
  let asked = "";

  async function fetchAll(): Promise<void> {
    const { findings = [] } = await ask<{ findings?: readonly Finding[] }>(
      `${DEBUG}/ListFindings`,
      {},
      key(),
    );
    const items = findings.map((finding) => {
      const name = [finding.kind, finding.place, finding.method, finding.text].join("\n");
      const item = shown.get(name) ?? createItem();
      shown.set(name, item);
      item.update(finding);
      return item.element;
    });
    putInOrder(list, items);
    note.hidden = items.length > 0;
  }

  return {
    element: h("section", { class: "pane" }, h("h2", {}, "Findings of debug mode"), list, note),
    update(counts) {
      const told = JSON.stringify(counts);
      if (!isServed || told === asked) return;
      asked = told;
      // What fails is asked again with the next one: the stream tells of the fault.
      fetchAll().catch(() => {
        asked = "";
      });
    },
  };
}

/** A finding, which is counted again while somebody reads it. */
interface FindingItem {
  readonly element: HTMLElement;
  update(finding: Finding): void;
}

function createItem(): FindingItem {
  const summary = h("summary");
  const body = h("div");
  return {
    element: h("li", {}, h("details", {}, summary, body)),
    update(finding) {
      const { kind, text, longestMs } = finding;
      const took = longestMs === undefined ? "" : `, the longest ${durationText(longestMs)}`;
      const times = h("span", { class: "dim" }, `${Number(finding.count ?? 1)} ×${took}`);
      summary.replaceChildren(h("code", {}, kind), ` ${text} `, times);
      body.replaceChildren(...partsOf(finding));
    },
  };
}

function partsOf(finding: Finding): readonly Node[] {
  const { cure = "", place = "", method = "", requestId = "", lastTime, stack = [] } = finding;
  const facts: readonly (readonly [string, string])[] = [
    ["Where", place],
    ["Call", method === "" ? "" : `${method}, request ${requestId}`],
    ["Last", lastTime === undefined ? "" : new Date(lastTime).toLocaleTimeString()],
    ["Mend", cure],
  ];
  return [
    h(
      "dl",
      {},
      ...facts.flatMap(([name, value]) => (value === "" ? [] : [h("dt", {}, name), h("dd", {}, value)])),
    ),
    ...(stack.length === 0
      ? []
      : [h("pre", { tabindex: 0, role: "group", "aria-label": "Stack" }, stack.join("\n"))]),
  ];
}
