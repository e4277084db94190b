import { h } from "../dom.ts";
import { countText, durationText } from "../numbers.ts";
import { cellsRow, createRows, tableOf } from "../table/rows.ts";
import type { MethodActivity } from "./look.ts";

const HEADING = [
  "Method",
  "Kind",
  "Calls/s",
  "Faults/s",
  "p50",
  "p95",
  "p99",
  "Open",
  "Oldest",
  "In/s",
  "Out/s",
];

/** What comes to each method. */
export function createMethodTable(): {
  readonly element: HTMLElement;
  update(methods: readonly MethodActivity[]): void;
} {
  const rows = createRows<MethodActivity>(
    ({ method }) => method,
    () => cellsRow(cellsOf),
  );
  const none = h("p", { class: "dim" }, "No method was called in the last second.");
  return {
    element: h(
      "section",
      { class: "pane" },
      h("h2", {}, "Methods"),
      tableOf("Methods", HEADING, rows.element),
      none,
    ),
    update(methods) {
      rows.update(methods);
      none.hidden = methods.length > 0;
    },
  };
}

function cellsOf(method: MethodActivity): readonly string[] {
  const isIdle = method.callsPerSecond === 0;
  const took = (ms: number): string => (isIdle ? "–" : durationText(ms));
  return [
    method.method,
    method.kind.replace("_", " "),
    countText(method.callsPerSecond),
    countText(method.faultsPerSecond),
    took(method.p50Ms),
    took(method.p95Ms),
    took(method.p99Ms),
    String(method.openCalls),
    method.openCalls === 0 ? "–" : durationText(method.oldestAgeMs),
    countText(method.messagesInPerSecond),
    countText(method.messagesOutPerSecond),
  ];
}
