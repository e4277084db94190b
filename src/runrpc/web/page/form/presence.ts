import { h } from "../dom.ts";
import type { Json } from "../schema.ts";
import type { Control } from "./control.ts";

/** What a control is wrapped with. */
export interface PresenceOptions {
  /** Made when it is first needed, so that messages which hold themselves end. */
  readonly make: () => Control;
  /** What is set where the control itself has nothing. */
  readonly zero: Json;
  readonly changed: () => void;
  /** Such as `display_name`. */
  readonly name: string;
  /** Whether there is nothing to see before it is set. */
  readonly isHidden: boolean;
  /** Whether a value says that something is set. */
  readonly isSet: (value: Json | undefined) => boolean;
}

/** A control with a switch: set or not set is a value of its own, and what is typed is set. */
export function withPresence({ make, zero, changed, name, isHidden, isSet }: PresenceOptions): Control {
  const toggle = h("input", { type: "checkbox", "aria-label": `${name} is set`, title: "set, or not" });
  const place = h("div", { class: "grow" });
  const element = h("div", { class: "inline presence" }, toggle, place);
  let inner: Control | undefined;
  const show = (): Control | undefined => {
    if (toggle.checked || !isHidden) inner ??= make();
    const isShown = inner !== undefined && (toggle.checked || !isHidden);
    place.replaceChildren(...(isShown && inner !== undefined ? [inner.element] : []));
    return inner;
  };
  toggle.addEventListener("change", () => {
    show();
    if (!toggle.checked) inner?.set(undefined);
    changed();
  });
  // Before the listener of the control itself, which asks what is set.
  if (!isHidden)
    for (const event of ["input", "change"])
      place.addEventListener(
        event,
        () => {
          toggle.checked = true;
        },
        true,
      );
  const input = show()?.input;
  if (!isHidden) inner?.input?.setAttribute("aria-label", name);
  return {
    element,
    ...(input === undefined ? { input: toggle } : { input }),
    get: () => (toggle.checked ? (inner?.get() ?? zero) : undefined),
    set(value) {
      toggle.checked = isSet(value);
      show()?.set(toggle.checked ? value : undefined);
    },
    mark: (path, text) => toggle.checked && (inner?.mark?.(path, text) ?? false),
    clearMarks: () => inner?.clearMarks?.(),
  };
}
