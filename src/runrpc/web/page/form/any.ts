import { h } from "../dom.ts";
import type { Json } from "../schema.ts";
import { isObject } from "./collections.ts";
import type { Control, FormContext } from "./control.ts";
import { wellKnownControl } from "./well-known.ts";

const PREFIX = "type.googleapis.com/";

/**
 * A control for `google.protobuf.Any`: a type, and a form of that type.
 *
 * @param form makes the form of a message
 */
export function anyControl(context: FormContext, form: (type: string) => Control): Control {
  const types = Object.keys(context.schema.messages).sort();
  const options = ["", ...types].map((type) => h("option", { value: type }, type === "" ? "not set" : type));
  const select = h("select", {}, ...options);
  const place = h("div");
  let inner: Control | undefined;
  /** Its value stands beside its type, where its JSON is no object of its fields. */
  let isWellKnown = false;
  const show = (type: string): void => {
    select.value = type;
    const special = wellKnownControl(type, context);
    isWellKnown = special !== undefined;
    inner = type === "" ? undefined : (special ?? form(type));
    inner?.input?.setAttribute("aria-label", "value");
    place.replaceChildren(...(inner === undefined ? [] : [inner.element]));
  };
  select.addEventListener("change", () => {
    show(select.value);
    context.changed();
  });
  return {
    element: h("div", {}, select, place),
    input: select,
    get() {
      if (select.value === "") return undefined;
      const type = `${PREFIX}${select.value}`;
      const value = inner?.get();
      if (isWellKnown) return { "@type": type, value: value ?? null };
      return { "@type": type, ...(isObject(value) ? value : {}) };
    },
    set(value) {
      const { "@type": url, ...rest } = isObject(value) ? value : {};
      const type = typeof url === "string" ? url.slice(url.lastIndexOf("/") + 1) : "";
      show(context.schema.messages[type] === undefined ? "" : type);
      inner?.set(isWellKnown ? (rest.value as Json | undefined) : rest);
    },
    mark: (path, text) => inner?.mark?.(path, text) ?? false,
    clearMarks: () => inner?.clearMarks?.(),
  };
}
