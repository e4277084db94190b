import { draw, h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import type { EndedCall } from "./ended-call.ts";
import { callFacts } from "./facts.ts";

/** What became of a call in the server, as PageService.GetReport tells it; times are milliseconds since it began. */
export interface Report {
  readonly call: EndedCall;
  readonly admittedMs?: number;
  readonly handlerDoneMs?: number;
  readonly queries?: readonly ReportedQuery[];
  readonly leftOutQueries?: number;
}

export interface ReportedQuery {
  readonly name: string;
  readonly atMs?: number;
  readonly waitedMs?: number;
  readonly ranMs?: number;
  readonly failed?: boolean;
}

/** A time in which something was done. */
interface Part {
  readonly name: string;
  readonly atMs: number;
  /** Before that it waited in a queue. */
  readonly waitedMs: number;
  readonly tookMs: number;
  readonly note: string;
}

/** Shows a report: what the time went to, and the record. */
export function reportView(report: Report, traceLink: string): HTMLElement {
  const { call, leftOutQueries = 0 } = report;
  const totalMs = call.durationMs ?? 0;
  const parts = partsOf(report, totalMs);
  const hasNotes = parts.some(({ note }) => note !== "");
  const rows = parts.map((part) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, part.name),
      h("td", { class: "span" }, barOf(part, totalMs)),
      h("td", {}, durationText(part.waitedMs + part.tookMs)),
      h("td", {}, part.waitedMs === 0 ? "" : durationText(part.waitedMs)),
      hasNotes ? h("td", {}, part.note) : undefined,
    ),
  );
  const heading = ["Part", "When", "Took", "Of it in the queue", ...(hasNotes ? ["How"] : [])];
  const table = h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heading.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rows),
  );
  return h(
    "details",
    { class: "report" },
    h("summary", {}, "In the server ", h("span", { class: "dim" }, summaryOf(report, totalMs))),
    h(
      "div",
      { class: "scrolled", tabindex: 0, role: "region", "aria-label": "What its time went to" },
      table,
    ),
    leftOutQueries === 0
      ? undefined
      : h("p", { class: "dim" }, `${leftOutQueries} earlier queries are not listed.`),
    callFacts(call, traceLink),
  );
}

function partsOf(report: Report, totalMs: number): readonly Part[] {
  const { admittedMs = 0, handlerDoneMs = 0, queries = [], call } = report;
  const part = (name: string, atMs: number, tookMs: number, note = ""): Part => ({
    name,
    atMs,
    waitedMs: 0,
    tookMs: Math.max(0, tookMs),
    note,
  });
  if (admittedMs === 0) return [part("gate", 0, totalMs, call.code === "ok" ? "" : "not let in")];
  // A handler may go on after its call has ended.
  const doneMs = handlerDoneMs === 0 ? totalMs : Math.min(handlerDoneMs, totalMs);
  return [
    part("gate", 0, admittedMs),
    part("request and handler", admittedMs, doneMs - admittedMs, call.abandoned ? "left behind" : ""),
    ...queries.map(({ name, atMs = 0, waitedMs = 0, ranMs = 0, failed = false }) => ({
      name,
      atMs,
      waitedMs,
      tookMs: ranMs,
      note: failed ? "no answer" : "",
    })),
    part("answer", doneMs, totalMs - doneMs),
  ];
}

function summaryOf(report: Report, totalMs: number): string {
  const { queries = [], leftOutQueries = 0 } = report;
  const count = queries.length + leftOutQueries;
  return `${durationText(totalMs)}${count === 0 ? "" : `, ${count} ${count === 1 ? "query" : "queries"}`}`;
}

/** As wide as the call took: what waited is paler. */
function barOf({ atMs, waitedMs, tookMs }: Part, totalMs: number): SVGElement {
  const scale = totalMs === 0 ? 0 : WIDTH / totalMs;
  const piece = (className: string, fromMs: number, ms: number) =>
    draw("rect", {
      class: className,
      x: Math.min(fromMs * scale, WIDTH - 1),
      y: 0,
      width: Math.max(1, ms * scale),
      height: 10,
    });
  return draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...(waitedMs === 0 ? [] : [piece("waited", atMs, waitedMs)]),
    piece("took", atMs + waitedMs, tookMs),
  );
}

const WIDTH = 300;
