import { ask, CallFailure } from "../connect/ask.ts";
import { MONITOR } from "../connect/services.ts";
import type { CallError } from "../connect/wire.ts";
import { button, h } from "../dom.ts";
import type { EndedCall, KeptCall } from "../record/ended-call.ts";
import { showRefusal } from "../view/refusal.ts";
import type { View, ViewParts } from "../view.ts";
import { createCallList } from "./call-list.ts";
import { callRecord } from "./call-record.ts";
import { createFilterForm } from "./filter-form.ts";
import { findRow } from "./find-row.ts";
import { followCalls } from "./follow-calls.ts";
import { matches } from "./matches.ts";
import { isLeftOut } from "./own-calls.ts";
import { type CallFilter, type Search, searchCalls } from "./search.ts";

/**
 * The server's request log: calls that are looked for, or followed as they end, and the record of one of them, from which it is made
 * again.
 */
export function createLogView({ schema, key, replay, onFailure }: ViewParts): View {
  const followButton = button("Follow", () => (isFollowing() ? begin() : follow()), {
    "aria-pressed": "false",
    title: "Shows calls as they end",
  });
  const form = createFilterForm(schema(), () => (isFollowing() ? follow() : begin()), followButton);
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
  let filter: CallFilter = {};
  let leave: (() => void) | undefined;
  let isAsking = false;
  let count = 0;
  let opened = "";

  function isFollowing(): boolean {
    return followButton.getAttribute("aria-pressed") === "true";
  }

  function clear(): void {
    leave?.();
    leave = undefined;
    search = undefined;
    isAsking = false;
    count = 0;
    list.clear();
  }

  function begin(): void {
    clear();
    followButton.setAttribute("aria-pressed", "false");
    filter = form.get();
    search = searchCalls(filter, key);
    void goOn();
  }

  function follow(): void {
    clear();
    followButton.setAttribute("aria-pressed", "true");
    state.textContent = "Following calls as they end.";
    filter = form.get();
    let leftOut = 0;
    leave = followCalls({
      key,
      onCalls(calls, more) {
        list.addFresh(calls.filter((call) => matches(call, filter) && !isLeftOut(call.method, filter)));
        list.mark(opened);
        leftOut += more;
        const told = `Following calls as they end.${leftOut === 0 ? "" : ` ${leftOut} came too fast, and are left out.`}`;
        if (state.textContent !== told) state.textContent = told;
      },
      onFault: tellFault,
    });
  }

  /** Until the list fills its place, or there is nothing more. */
  async function goOn(): Promise<void> {
    const asked = search;
    if (asked === undefined || isAsking) return;
    isAsking = true;
    if (count === 0) state.textContent = "Searching…";
    try {
      while (!asked.isOver && list.isNearEnd() && element.isConnected) {
        const found = await asked.next();
        if (asked !== search) return;
        const calls = found.filter(({ method }) => !isLeftOut(method, filter));
        count += calls.length;
        list.add(calls);
        list.mark(opened);
        state.textContent = foundText(count, asked.isOver);
      }
    } catch (error) {
      if (asked === search) tell(error);
    }
    if (asked === search) isAsking = false;
  }

  async function open(place: string, fresh: EndedCall | undefined): Promise<void> {
    opened = place;
    list.mark(place);
    const show = (found: KeptCall): void =>
      record.replaceChildren(callRecord(found, schema().traceLink, replayOf(found)));
    try {
      if (fresh !== undefined) show({ call: fresh, requestNote: "looked for…" });
      const found =
        fresh === undefined
          ? await ask<KeptCall>(`${MONITOR}/GetCall`, { id: place }, key())
          : ((await findRow(fresh, key())) ?? {
              call: fresh,
              requestNote: "the request log has no such call",
            });
      if (opened === place) show(found);
    } catch (error) {
      if (opened === place) tell(error);
    }
  }

  function replayOf({ call: { method } }: KeptCall): ((request: string) => void) | undefined {
    const isServed = schema().services.some(({ name, methods }) =>
      methods.some((each) => `${name}/${each.name}` === method),
    );
    return isServed ? (request) => replay(method, request) : undefined;
  }

  function tell(error: unknown): void {
    showRefusal(state, error, onFailure);
  }

  function tellFault(error: CallError, isFinal: boolean): void {
    const text = isFinal ? error.message : `${error.message}. Trying again…`;
    showRefusal(state, new CallFailure(error), onFailure, text);
  }

  return {
    element,
    show(place) {
      document.title = "Log · runrpc";
      const requestId = new URLSearchParams(place).get("request_id");
      if (requestId !== null) form.setRequestId(requestId);
      if (requestId !== null || (search === undefined && !isFollowing())) begin();
      // It was left for another view.
      else if (isFollowing() && leave === undefined) follow();
      const fresh = list.fresh(place);
      if (/^\d+$/.test(place) || fresh !== undefined) void open(place, fresh);
    },
    renew: () => form.offer(schema()),
    hide() {
      leave?.();
      leave = undefined;
    },
    close: clear,
  };
}

function foundText(count: number, isOver: boolean): string {
  if (count === 0) return isOver ? "No call was found." : "No call was found yet.";
  return `${count === 1 ? "1 call" : `${count} calls`}${isOver ? "" : ", and further ones"}`;
}
