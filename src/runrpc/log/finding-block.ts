import { styleText } from "node:util";

/** What a finding of debug mode shows beneath its line, by the name that stands before it. */
const ROWS: readonly (readonly [name: string, text: (fields: Record<string, unknown>) => string])[] = [
  ["at", ({ at }) => (at === undefined ? "" : styleText("cyan", String(at)))],
  [
    "in",
    ({ path, requestId }) => (path === undefined ? "" : `${String(path).slice(1)}, request ${requestId}`),
  ],
  ["took", ({ tookMs, parts }) => (parts === undefined ? "" : `${tookMs} ms: ${partsText(parts)}`)],
  [
    "seen",
    ({ count, totalMs }) =>
      count === undefined ? "" : `${count} times${totalMs === undefined ? "" : `, ${totalMs} ms in all`}`,
  ],
  ["cure", ({ cure }) => String(cure ?? "")],
];

/**
 * The lines of a finding, as a person reads them on a terminal; `printable` makes a text safe to show.
 *
 *       at    src/services/reports/service.ts:40 (summarize)
 *       in    reports.v1.ReportService/Summarize, request 01HF…
 *       cure  give it less to do at a time, or let it run in a thread
 */
export function findingBlock(fields: Record<string, unknown>, printable: (text: string) => string): string {
  const safe = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? printable(value) : value,
    ]),
  );
  return ROWS.map(([name, textOf]) => [name, textOf(safe)] as const)
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `      ${styleText("gray", name.padEnd(5))} ${text}\n`)
    .join("");
}

function partsText(parts: unknown): string {
  if (typeof parts !== "object" || parts === null) return String(parts);
  return Object.entries(parts)
    .map(([name, ms]) => `${name} ${ms} ms`)
    .join(", ");
}
