import { button, h } from "../dom.ts";
import { durationText } from "../numbers.ts";
import { cellsRow, createRows, tableOf } from "../table/rows.ts";
import type { OpenCall } from "./look.ts";

const HEADING = ["Call", "Caller", "Age", "In", "Out", "Waits for", "Request id", ""];

/** The calls that are open, each with a button that cancels it. */
export function createOpenCallTable(cancel: (requestId: string) => Promise<void>): {
  readonly element: HTMLElement;
  update(calls: readonly OpenCall[], count: number): void;
} {
  const said = h("p", { class: "note", role: "status" });
  const rows = createRows<{ readonly call: OpenCall; readonly key: string }>(
    ({ key }) => key,
    ({ call: { requestId, method } }) =>
      cellsRow(
        ({ call }) => cellsOf(call),
        button("Cancel", (event) => void end(requestId, event), {
          class: "danger",
          "aria-label": `Cancel ${method}, request ${requestId}`,
        }),
      ),
  );
  const more = h("p", { class: "dim" });

  async function end(requestId: string, { target }: Event): Promise<void> {
    if (target instanceof HTMLButtonElement) target.disabled = true;
    try {
      await cancel(requestId);
      said.textContent = "";
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
      if (target instanceof HTMLButtonElement) target.disabled = false;
    }
  }

  return {
    element: h(
      "section",
      { class: "pane" },
      h("h2", {}, "Open calls"),
      tableOf("Open calls", HEADING, rows.element),
      more,
      said,
    ),
    update(calls, count) {
      rows.update(calls.map((call, at) => ({ call, key: keyOf(call, calls, at) })));
      const others = count - calls.length;
      more.textContent = count === 0 ? "None." : others > 0 ? `And ${others} younger ones.` : "";
      more.hidden = more.textContent === "";
    },
  };
}

/** Clients may name several calls alike: these are told apart by their order. */
function keyOf({ requestId, method }: OpenCall, calls: readonly OpenCall[], at: number): string {
  const alike = calls
    .slice(0, at)
    .filter((other) => other.requestId === requestId && other.method === method);
  return `${requestId} ${method} ${alike.length}`;
}

function cellsOf(call: OpenCall): readonly string[] {
  const { method, caller, ageMs, messagesIn, messagesOut, waitsFor, requestId } = call;
  return [method, caller, durationText(ageMs), String(messagesIn), String(messagesOut), waitsFor, requestId];
}
