import type { CallSettings } from "../connect/wire.ts";
import { button, h } from "../dom.ts";

/** What a call is made with besides its request: a deadline, and headers. */
export interface SettingsEditor {
  readonly element: HTMLElement;
  get(): CallSettings;
}

/** @param deadlineMs the method's own; 0 is none */
export function createSettingsEditor(deadlineMs: number, changed: () => void): SettingsEditor {
  const deadline = h("input", {
    type: "number",
    min: 1,
    step: 1,
    placeholder: deadlineMs === 0 ? "none" : String(deadlineMs),
    oninput: changed,
  });
  const rows = h("div", { class: "headers" });
  const add = (): void => {
    const text = (what: string) =>
      h("input", {
        type: "text",
        placeholder: what,
        "aria-label": `header ${what}`,
        autocomplete: "off",
        spellcheck: "false",
        oninput: changed,
      });
    const name = text("name");
    const remove = button("×", () => drop(row), { class: "icon", "aria-label": "remove this header" });
    const row = h("div", { class: "inline" }, name, text("value"), remove);
    rows.append(row);
    name.focus();
  };
  const more = button("+ header", add);
  const drop = (row: HTMLElement): void => {
    row.remove();
    more.focus();
    changed();
  };
  return {
    element: h("div", { class: "settings" }, h("label", {}, "Deadline, ms ", deadline), rows, more),
    get: () => ({
      timeoutMs: /^\d+$/.test(deadline.value) ? Number(deadline.value) : undefined,
      headers: [...rows.children]
        .map((row) => [...row.querySelectorAll("input")].map(({ value }) => value.trim()))
        .map(([name = "", value = ""]) => [name, value] as const)
        .filter(([name]) => name !== ""),
    }),
  };
}
