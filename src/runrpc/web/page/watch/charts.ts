import { h } from "../dom.ts";
import { countText, durationText } from "../numbers.ts";
import { type Chart, createChart, SPAN_MS } from "./chart.ts";
import type { Look, MethodActivity } from "./look.ts";
import { INTERVAL_MS } from "./watch-stream.ts";

/** The last minutes as lines. They go on where they were when the view comes back. */
export interface Charts {
  readonly element: HTMLElement;
  add(look: Look): void;
}

const MAX_LOOKS = SPAN_MS / INTERVAL_MS;

export function createCharts(): Charts {
  const looks: Look[] = [];
  let hasChosen = false;
  const chosen = h("select", {
    "aria-label": "Durations of",
    hidden: true,
    onchange() {
      hasChosen = true;
      update();
    },
  });
  const rates = createChart("Calls a second", "Calls a second", countText);
  const durations = createChart(
    h("span", {}, "Durations ", chosen),
    "Durations of the calls of a method",
    durationText,
  );
  const loop = createChart("Event loop, late by", "Delay of the event loop", durationText);
  const open = createChart("Open calls", "Open calls", countText);
  const waiting = createChart("Queries that wait", "Queries that wait", countText);

  function update(): void {
    const times = looks.map(({ atMs }) => atMs);
    const line = (name: string, valueIn: (look: Look) => number | undefined) => ({
      name,
      values: looks.map(valueIn),
    });
    const show = (chart: Chart, ...series: readonly ReturnType<typeof line>[]) => chart.update(times, series);
    const duration = (name: "p50Ms" | "p95Ms" | "p99Ms") => (look: Look) => {
      const found = look.methods.find(({ method }) => method === chosen.value);
      return found === undefined || found.callsPerSecond === 0 ? undefined : found[name];
    };
    // The first look after a pause has no rates.
    const rate = (of: (method: MethodActivity) => number) => (look: Look) =>
      look.intervalMs === 0 ? undefined : look.methods.reduce((sum, method) => sum + of(method), 0);
    show(
      rates,
      line(
        "calls",
        rate(({ callsPerSecond }) => callsPerSecond),
      ),
      line(
        "faults",
        rate(({ faultsPerSecond }) => faultsPerSecond),
      ),
    );
    show(
      durations,
      line("p50", duration("p50Ms")),
      line("p95", duration("p95Ms")),
      line("p99", duration("p99Ms")),
    );
    show(
      loop,
      line("p99", ({ process }) => process.loopDelayP99Ms),
    );
    show(
      open,
      line("open", ({ openCallCount }) => openCallCount),
    );
    show(
      waiting,
      line("reads", ({ reads }) => reads.queued),
      line("writes", ({ writes }) => writes.queued),
    );
  }

  /** A method that is called for the first time can be chosen from then on, those of the server itself at last. */
  function offer({ methods }: Look): void {
    const known = new Set(Array.from(chosen.options, ({ value }) => value));
    for (const { method, callsPerSecond } of methods) {
      if (callsPerSecond === 0 || known.has(method)) continue;
      const option = h("option", { value: method }, shortOf(method));
      const next = isBuiltIn(method)
        ? undefined
        : Array.from(chosen.options).find(({ value }) => isBuiltIn(value));
      chosen.add(option, next ?? null);
    }
    chosen.hidden = chosen.options.length === 0;
    if (!hasChosen) chosen.selectedIndex = 0;
  }

  return {
    element: h(
      "div",
      { class: "charts" },
      ...[rates, durations, loop, open, waiting].map(({ element }) => element),
    ),
    add(look) {
      // Open calls are shown as they are now, and never again.
      looks.push({ ...look, openCalls: [] });
      if (looks.length > MAX_LOOKS) looks.shift();
      offer(look);
      update();
    },
  };
}

/** `UserService/GetUser`. */
function shortOf(method: string): string {
  return method.slice(method.lastIndexOf(".", method.indexOf("/")) + 1);
}

function isBuiltIn(method: string): boolean {
  return /^(grpc|runrpc)\./.test(method);
}
