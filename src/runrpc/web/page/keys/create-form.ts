import { freshId, h } from "../dom.ts";
import type { Schema } from "../schema.ts";
import type { NewKey } from "./key-list.ts";

/** Asks what a key is to be made of. */
export interface CreateForm {
  readonly element: HTMLFormElement;
  /** What methods ask for; those that are chosen stay so. */
  offerScopes(schema: Schema): void;
  /** Whom keys were made for before. */
  offerOwners(owners: readonly string[]): void;
}

/** Scopes of the server's own, beside those that methods ask for. */
const BUILT_IN = ["admin", "metrics.read", "*"];

/** In days; 0 is never. */
const EXPIRIES: readonly (readonly [days: number, text: string])[] = [
  [0, "never"],
  [1, "in a day"],
  [7, "in a week"],
  [30, "in 30 days"],
  [90, "in 90 days"],
  [365, "in a year"],
];

const DAY_MS = 86_400_000;

/** @param create makes the key; rejects with the reason why not */
export function createKeyForm(schema: Schema, create: (wanted: NewKey) => Promise<void>): CreateForm {
  const owners = h("datalist", { id: freshId() });
  const user = line({ required: true, list: owners.id, maxlength: 256 });
  const name = line({ maxlength: 256 });
  const others = line({ placeholder: "such as users.*" });
  const expiry = h(
    "select",
    { id: freshId() },
    ...EXPIRIES.map(([days, text]) => h("option", { value: days }, text)),
  );
  const scopes = h("fieldset", {});
  const chosen = (): readonly string[] =>
    [...scopes.querySelectorAll("input")].filter(({ checked }) => checked).map(({ value }) => value);
  const offerScopes = (offered: Schema): void => {
    const checked = chosen();
    const boxes = scopesOf(offered).map((scope) =>
      h("input", { type: "checkbox", value: scope, checked: checked.includes(scope) }),
    );
    const labels = boxes.map((box) => h("label", { class: "box" }, box, h("code", {}, box.value)));
    scopes.replaceChildren(h("legend", {}, "Scopes"), ...labels);
  };
  offerScopes(schema);
  const fault = h("p", { class: "error", role: "alert" });
  const submit = h("button", { class: "primary" }, "Create key");
  const element = h(
    "form",
    { class: "pane key-form" },
    h("h2", {}, "A new key"),
    field("Owner", user),
    owners,
    field("Name", name),
    field("Expires", expiry),
    scopes,
    field("Other scopes", others),
    h("div", { class: "bar" }, submit),
    fault,
  );
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fault.textContent = "";
    try {
      await create({
        user: user.value.trim(),
        name: name.value.trim(),
        scopes: [...new Set([...chosen(), ...others.value.split(/[\s,]+/).filter((scope) => scope !== "")])],
        expireTime: expireTime(Number(expiry.value)),
      });
      element.reset();
    } catch (error) {
      fault.textContent = error instanceof Error ? error.message : String(error);
    }
    submit.disabled = false;
  });
  return {
    element,
    offerScopes,
    offerOwners(known) {
      owners.replaceChildren(...known.map((value) => h("option", { value })));
    },
  };
}

/** Those that methods ask for, sorted, and the server's own. */
function scopesOf({ services }: Schema): readonly string[] {
  const asked = services.flatMap(({ methods }) => methods.flatMap(({ scopes }) => scopes));
  return [...new Set([...asked.filter((scope) => !BUILT_IN.includes(scope)).sort(), ...BUILT_IN])];
}

function line(props: Readonly<Record<string, string | number | boolean>>): HTMLInputElement {
  return h("input", { id: freshId(), type: "text", autocomplete: "off", spellcheck: "false", ...props });
}

function field(text: string, control: HTMLElement): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: control.id }, text), control);
}

function expireTime(days: number): string | undefined {
  return days === 0 ? undefined : new Date(Date.now() + days * DAY_MS).toISOString();
}
