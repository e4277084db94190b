import { ask } from "../connect/ask.ts";
import { DEBUG } from "../connect/services.ts";
import { h } from "../dom.ts";
import { durationText } from "../numbers.ts";

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
  const shown = new Map<string, HTMLElement>();
  let asked = "";

  async function fetchAll(): Promise<void> {
    const { findings = [] } = await ask<{ findings?: readonly Finding[] }>(
      `${DEBUG}/ListFindings`,
      {},
      key(),
    );
    const items = findings.map((finding) => {
      const name = [finding.kind, finding.place, finding.method, finding.text].join("\n");
      const item = shown.get(name) ?? h("li", {}, h("details"));
      shown.set(name, item);
      item.querySelector("details")?.replaceChildren(...partsOf(finding));
      return item;
    });
    list.replaceChildren(...items);
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

function partsOf(finding: Finding): readonly Node[] {
  const { kind, text, cure = "", place = "", method = "", requestId = "", stack = [] } = finding;
  const times = Number(finding.count ?? 1);
  const took = finding.longestMs === undefined ? "" : `, the longest ${durationText(finding.longestMs)}`;
  const facts: readonly (readonly [string, string])[] = [
    ["Where", place],
    ["Call", method === "" ? "" : `${method}, request ${requestId}`],
    ["Last", finding.lastTime === undefined ? "" : new Date(finding.lastTime).toLocaleTimeString()],
    ["Mend", cure],
  ];
  return [
    h("summary", {}, h("code", {}, kind), ` ${text} `, h("span", { class: "dim" }, `${times} ×${took}`)),
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
