import { freshId, h } from "../dom.ts";
import type { FieldSchema } from "../schema.ts";
import type { Control } from "./control.ts";

/** What stands beside a control. */
export interface RowTexts {
  readonly name: string;
  /** In words, such as `repeated string`. */
  readonly type: string;
  readonly comment: string;
  readonly rules: readonly string[];
  /** Its control takes the whole width, below its name. */
  readonly isWide: boolean;
}

/** A field of a form, with a place for what is wrong with it. */
export interface Row {
  readonly element: HTMLElement;
  mark(text: string): void;
  clear(): void;
}

export function createRow(
  { name, type, comment, rules, isWide }: RowTexts,
  { element: value, input }: Pick<Control, "element" | "input">,
): Row {
  const [labelId, errorId] = [freshId(), freshId()];
  const error = h("div", { class: "error", role: "alert", id: errorId });
  if (input !== undefined) input.id ||= freshId();
  else {
    value.setAttribute("role", "group");
    value.setAttribute("aria-labelledby", labelId);
  }
  const label =
    input === undefined
      ? h("span", { class: "label", id: labelId }, name)
      : h("label", { class: "label", id: labelId, for: input.id }, name);
  const notes = [
    comment === "" ? undefined : h("p", { class: "comment" }, comment),
    rules.length === 0 ? undefined : h("p", { class: "rules" }, rules.join(" · ")),
  ];
  const element = h(
    "div",
    { class: isWide ? "row wide" : "row", "data-field": name },
    h("div", { class: "name" }, label, h("span", { class: "type" }, type)),
    h("div", { class: "value" }, value, error, ...notes),
  );
  return {
    element,
    mark(text) {
      error.append(h("div", {}, text));
      element.classList.add("wrong");
      input?.setAttribute("aria-describedby", errorId);
    },
    clear() {
      error.replaceChildren();
      element.classList.remove("wrong");
      input?.removeAttribute("aria-describedby");
    },
  };
}

/** The type of a field as a person would say it, without the package. */
export function typeWords({ type, shape, key }: FieldSchema): string {
  const name = "scalar" in type ? type.scalar : short("enum" in type ? type.enum : type.message);
  if (shape === "map") return `map<${key}, ${name}>`;
  return shape === "list" ? `repeated ${name}` : name;
}

function short(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
