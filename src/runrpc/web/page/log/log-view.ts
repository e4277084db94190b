import { ask } from "../connect/ask.ts";
import { MONITOR } from "../connect/services.ts";
import { h } from "../dom.ts";
import type { KeptCall } from "../record/ended-call.ts";
import { showRefusal } from "../view/refusal.ts";
import type { View, ViewParts } from "../view.ts";
import { createCallList } from "./call-list.ts";
import { callRecord } from "./call-record.ts";
import { createFilterForm } from "./filter-form.ts";
import { type Search, searchCalls } from "./search.ts";

/** The server's request log: calls that are looked for, and the record of one of them, from which it is made again. */
export function createLogView({ schema, key, replay, onUnauthenticated }: ViewParts): View {
  const form = createFilterForm(schema, begin);
  const list = createCallList(() => void goOn());
  const state = h("p", { class: "state", role: "status" });
  const record = h("div", { class: "record-place", "aria-live": "polite" });
  const element = h(
    "main",
    { class: "log", tabindex: -1 },
    h("h1", {}, "Log"),
    form.element,
    state,
    h("div", { class: "found" }, list.element, record),
  );
  let search: Search | undefined;
  let isAsking = false;
  let count = 0;
  let opened = "";

  function begin(): void {
    search = searchCalls(form.get(), key);
    isAsking = false;
    count = 0;
    list.clear();
    void goOn();
  }

  /** Until the list fills its place, or there is nothing more. */
  async function goOn(): Promise<void> {
    const asked = search;
    if (asked === undefined || isAsking) return;
    isAsking = true;
    try {
      while (!asked.isOver && list.isNearEnd() && element.isConnected) {
        const calls = await asked.next();
        if (asked !== search) return;
        count += calls.length;
        list.add(calls);
        list.mark(opened);
        state.textContent = `${count === 0 ? "No call" : count === 1 ? "1 call" : `${count} calls`}${asked.isOver ? "" : ", and further ones"}`;
      }
    } catch (error) {
      if (asked === search) tell(error);
    }
    if (asked === search) isAsking = false;
  }

  async function open(id: string): Promise<void> {
    opened = id;
    list.mark(id);
    try {
      const found = await ask<KeptCall>(`${MONITOR}/GetCall`, { id }, key());
      if (opened !== id) return;
      record.replaceChildren(callRecord(found, schema.traceLink, replayOf(found)));
    } catch (error) {
      if (opened === id) tell(error);
    }
  }

  function replayOf({ call: { method } }: KeptCall): ((request: string) => void) | undefined {
    const isServed = schema.services.some(({ name, methods }) =>
      methods.some((each) => `${name}/${each.name}` === method),
    );
    return isServed ? (request) => replay(method, request) : undefined;
  }

  function tell(error: unknown): void {
    showRefusal(state, error, onUnauthenticated);
  }

  return {
    element,
    show(place) {
      document.title = "Log · runrpc";
      const requestId = new URLSearchParams(place).get("request_id");
      if (requestId !== null) form.setRequestId(requestId);
      if (requestId !== null || search === undefined) begin();
      if (/^\d+$/.test(place)) void open(place);
    },
    hide() {},
    close() {
      search = undefined;
    },
  };
}
