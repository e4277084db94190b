import type { ServerEvent } from "../connect/wire.ts";
import { h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import { createLiveList } from "./live-list.ts";
import { shownTime } from "./timeline.ts";

/** What happens in the server while a stream is open, as it happens. */
export interface ServerSide {
  readonly element: HTMLElement;
  add(event: ServerEvent): void;
}

export function createServerSide(): ServerSide {
  const list = createLiveList("In the server", "lines");
  let given = 0;

  function line(text: string, more: string, atMs: number, failed = false): void {
    list.add({
      characters: text.length + more.length,
      make: () =>
        h(
          "li",
          { class: failed ? "step failed" : "step" },
          h("span", { class: "at" }, shownTime(atMs)),
          h("span", {}, text),
          more === "" ? undefined : h("span", { class: "dim" }, more),
        ),
    });
  }

  return {
    element: h("div", { class: "side" }, h("h3", {}, "In the server"), list.element),
    add({ atMs, step }) {
      if (step === undefined) return line(`response ${++given} given`, "", atMs);
      const { kind, number = 0, waitedMs = 0, ranMs = 0, query = "", failed = false, leftOut = 0 } = step;
      if (leftOut > 0) line(`${leftOut} steps are not told`, "", atMs);
      switch (kind) {
        case "KIND_ADMITTED":
          return line("let in by the gate", "", atMs);
        case "KIND_TAKEN":
          return line(`request ${number} taken`, `after ${durationText(waitedMs)} in its queue`, atMs);
        case "KIND_QUERIED":
          return line(
            `query ${query}${failed ? " failed" : ""}`,
            // SQLite's workers tell whole milliseconds.
            `${ranMs === 0 ? "under 1 ms" : durationText(ranMs)}, after ${durationText(waitedMs)} in its queue`,
            atMs,
            failed,
          );
        case "KIND_DONE":
          return line("handler done", "", atMs);
      }
    },
  };
}
