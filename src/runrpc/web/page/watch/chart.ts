import { draw, h } from "../dom.ts";
import { INTERVAL_MS } from "./watch-stream.ts";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** Undefined where there is nothing to say: the line has a gap. */
  readonly values: readonly (number | undefined)[];
}

/** Numbers over the last minutes, as lines. */
export interface Chart {
  readonly element: HTMLElement;
  /** @param atMs the times of the values */
  update(atMs: readonly number[], series: readonly Series[]): void;
}

/** What a chart shows at most, in milliseconds. */
export const SPAN_MS = 300_000;

/** What it shows while there is less. */
const LEAST_SPAN_MS = 60_000;

/** The drawing's own units, which are stretched to the room that there is. */
const WIDTH = 300;
const HEIGHT = 100;

/** Times that are further apart have a gap between them. */
const GAP_MS = 3.5 * INTERVAL_MS;

/** A chart by hand: a library of charts is half as large as the whole page. @param format writes a value */
export function createChart(
  title: string | HTMLElement,
  name: string,
  format: (value: number) => string,
): Chart {
  const top = h("span", { class: "greatest" });
  const legend = h("ul", { class: "legend" });
  const lines = draw("g");
  const drawing = draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
    draw("path", { class: "grid", d: `M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}` }),
    lines,
  );
  return {
    element: h(
      "figure",
      { class: "chart" },
      h("figcaption", {}, h("h2", {}, title), legend),
      h("div", { class: "plot" }, top, drawing),
    ),
    update(atMs, series) {
      const greatest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
      const full = roundedUp(greatest);
      top.textContent = format(full);
      lines.replaceChildren(
        ...series.map(({ values }, at) =>
          draw("path", { class: `line-${at}`, d: lineOf(atMs, values, full) }),
        ),
      );
      const last = series.map(({ name: line, values }) => {
        const value = values.at(-1);
        return { line, text: value === undefined ? "–" : format(value) };
      });
      legend.replaceChildren(
        ...last.map(({ line, text }, at) =>
          h("li", { class: `key-${at}` }, `${line} `, h("strong", {}, text)),
        ),
      );
      const spoken = last.map(({ line, text }) => `${line} ${text}`).join(", ");
      drawing.setAttribute(
        "aria-label",
        `${name}: ${spoken}; at most ${format(greatest)} in the last minutes`,
      );
    },
  };
}

/** The commands of a path: a piece for each run of values without a gap. */
function lineOf(atMs: readonly number[], values: readonly (number | undefined)[], full: number): string {
  const endMs = atMs.at(-1) ?? 0;
  const spanMs = Math.max(LEAST_SPAN_MS, Math.min(SPAN_MS, endMs - (atMs[0] ?? endMs)));
  let path = "";
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const [at, ms] of atMs.entries()) {
    const value = values[at];
    if (value === undefined) {
      beforeMs = Number.NEGATIVE_INFINITY;
      continue;
    }
    const x = (WIDTH * (1 - (endMs - ms) / spanMs)).toFixed(1);
    const y = (HEIGHT * (1 - value / full)).toFixed(1);
    // A line to where it is draws a dot.
    path += ms - beforeMs > GAP_MS ? `M${x} ${y}h0` : `L${x} ${y}`;
    beforeMs = ms;
  }
  return path;
}

/** 1, 2 or 5 times a power of ten. */
function roundedUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}
