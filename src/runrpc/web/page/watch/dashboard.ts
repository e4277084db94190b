import { ask, CallFailure } from "../connect/ask.ts";
import { DEBUG, MONITOR } from "../connect/services.ts";
import type { CallError } from "../connect/wire.ts";
import { h } from "../dom.ts";
import { showRefusal } from "../view/refusal.ts";
import type { View, ViewParts } from "../view.ts";
import { createCharts } from "./charts.ts";
import { createFacts } from "./facts.ts";
import { createFindingList } from "./findings.ts";
import type { Look } from "./look.ts";
import { createMethodTable } from "./methods.ts";
import { createOpenCallTable } from "./open-calls.ts";
import { watchLooks } from "./watch-stream.ts";

/** What the server does, as it does it. It is asked while it is looked at. */
export function createDashboard({ schema, key, onFailure }: ViewParts): View {
  const facts = createFacts();
  const charts = createCharts();
  const methods = createMethodTable();
  const calls = createOpenCallTable(async (requestId) => {
    await ask(`${MONITOR}/CancelCall`, { requestId }, key());
  });
  const isDebug = schema().services.some(({ name }) => name === DEBUG);
  const findings = createFindingList(isDebug, key);
  const state = h("p", { class: "state", role: "status" });
  const body = h(
    "div",
    { class: "dashboard", hidden: true },
    facts.element,
    charts.element,
    calls.element,
    methods.element,
    findings.element,
  );
  const main = h("main", { tabindex: -1 }, h("h1", {}, "Dashboard"), state, body);
  let leave: (() => void) | undefined;

  function take(look: Look): void {
    const isFirst = body.hidden;
    state.replaceChildren();
    body.hidden = false;
    body.classList.remove("old");
    facts.update(look);
    charts.add(look);
    // The first of another stream has no rates.
    if (isFirst || look.intervalMs > 0) methods.update(look.methods);
    calls.update(look.openCalls, look.openCallCount);
    findings.update(look.findings);
  }

  function tell(error: CallError, isFinal: boolean): void {
    body.classList.add("old");
    const text = isFinal ? error.message : `${error.message}. Trying again…`;
    showRefusal(state, new CallFailure(error), onFailure, text);
  }

  function hide(): void {
    leave?.();
    leave = undefined;
  }

  return {
    element: main,
    show() {
      document.title = "Dashboard · runrpc";
      leave ??= watchLooks({ key, onLook: take, onFault: tell });
    },
    hide,
    close: hide,
  };
}
