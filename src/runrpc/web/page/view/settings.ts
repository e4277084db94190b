import type { CallSettings } from "../connect/call-settings.ts";
import { button, h } from "../dom.ts";

/** What a call is made with besides its request: a deadline, and headers. */
export interface SettingsEditor {
  readonly element: HTMLElement;
  get(): CallSettings;
  /** Whether a call can be made with them. Where not, the browser says at its place what is wrong. */
  check(): boolean;
}

/** Where the timers of servers end. */
const MAX_DEADLINE_MS = 2_147_483_647;

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
const TOKEN = "[\\w!#$%&'*+.^`\\|~\\-]+";

/** What a browser sends as it is. */
const VALUE = "[\\x20-\\x7e\\x80-\\xff]*";

/**
 * @param deadlineMs the method's own; 0 is none
 * @param given what to begin with
 */
export function createSettingsEditor(
  deadlineMs: number,
  given: CallSettings,
  changed: () => void,
): SettingsEditor {
  const deadline = h("input", {
    type: "number",
    min: 1,
    max: MAX_DEADLINE_MS,
    step: 1,
    placeholder: deadlineMs === 0 ? "none" : String(deadlineMs),
    value: given.timeoutMs,
    oninput: changed,
  });
  const rows = h("div", { class: "headers" });
  const add = (givenName = "", givenValue = ""): HTMLInputElement => {
    const text = (what: string, value: string, pattern: string, title: string) =>
      h("input", {
        type: "text",
        value,
        placeholder: what,
        pattern,
        title,
        "aria-label": `header ${what}`,
        autocomplete: "off",
        spellcheck: "false",
        oninput: changed,
      });
    const name = text("name", givenName, TOKEN, "letters, digits and !#$%&'*+-.^_`|~");
    name.addEventListener("input", () => name.setCustomValidity(withheld(name.value.trim())));
    const value = text("value", givenValue, VALUE, "printable characters of Latin-1");
    const remove = button("×", () => drop(row), { class: "icon", "aria-label": "remove this header" });
    const row = h("div", { class: "inline" }, name, value, remove);
    rows.append(row);
    return name;
  };
  const more = button("+ header", () => add().focus());
  const drop = (row: HTMLElement): void => {
    row.remove();
    more.focus();
    changed();
  };
  for (const [name, value] of given.headers) add(name, value);
  const element = h("div", { class: "settings" }, h("label", {}, "Deadline, ms ", deadline), rows, more);
  return {
    element,
    check: () => [...element.querySelectorAll("input")].every((input) => input.reportValidity()),
    get: () => ({
      timeoutMs: /^\d+$/.test(deadline.value) ? Number(deadline.value) : undefined,
      headers: [...rows.children]
        .map((row) => [...row.querySelectorAll("input")].map(({ value }) => value.trim()))
        .map(([name = "", value = ""]) => [name, value] as const)
        .filter(([name]) => name !== ""),
    }),
  };
}

/** Why a header does not go along, in a sentence: some are the browser's own, such as `Cookie`. Empty: it does. */
function withheld(name: string): string {
  try {
    const { headers } = new Request(document.baseURI, { headers: [[name, ""]] });
    return headers.has(name) ? "" : `The browser sends no ${name} of a page.`;
  } catch {
    return ""; // no name at all, which its pattern tells
  }
}
