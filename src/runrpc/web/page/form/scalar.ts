import { button, h, type Props } from "../dom.ts";
import type { EnumSchema, Json } from "../schema.ts";
import { type Control, isInt64 } from "./control.ts";

/** A line of text that stands for a value. */
export interface TextOptions {
  readonly props?: Props;
  /** Default: the text itself. */
  readonly parse?: (text: string) => Json;
  /** What the text has to look like; another one is marked, and sent as it is. */
  readonly pattern?: RegExp;
}

/** Empty is not set. */
export function textControl(changed: () => void, { props, parse, pattern }: TextOptions = {}): Control {
  const input = h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...props });
  const judge = () => {
    const isWrong = input.value !== "" && pattern?.test(input.value) === false;
    input.toggleAttribute("aria-invalid", isWrong);
    if (isWrong) input.setAttribute("aria-invalid", "true");
  };
  input.addEventListener("input", () => {
    judge();
    changed();
  });
  return {
    element: input,
    input,
    get: () => (input.value === "" ? undefined : (parse?.(input.value) ?? input.value)),
    set(value) {
      input.value = value === undefined || value === null ? "" : textOf(value);
      judge();
    },
  };
}

/** A control for a scalar type, as a `.proto` file spells it. */
export function scalarControl(scalar: string, changed: () => void): Control {
  if (scalar === "bool") return boolControl(changed);
  if (scalar === "string") return stringControl(changed);
  if (scalar === "bytes") return bytesControl(changed);
  // Digits that a number of JavaScript would lose stay text.
  if (isInt64(scalar)) return textControl(changed, { props: numeric, pattern: WHOLE });
  const isReal = scalar === "double" || scalar === "float";
  const pattern = isReal ? REAL : WHOLE;
  return textControl(changed, { props: numeric, pattern, parse: (text) => numberFrom(text, pattern) });
}

/** A choice of an enum's values. @param isOptional whether the first value is as good as none */
export function enumControl({ values }: EnumSchema, changed: () => void, isOptional: boolean): Control {
  const options = values.map(({ name, number, comment }) =>
    h("option", { value: name, title: comment }, `${name} = ${number}`),
  );
  const select = h("select", { onchange: changed }, ...options);
  return {
    element: select,
    input: select,
    get: () => (isOptional && select.selectedIndex === 0 ? undefined : jsonOfEnum(select.value)),
    set(value) {
      const found = values.find(({ name, number }) => name === value || number === value);
      const wanted = value === undefined ? values[0]?.name : (found?.name ?? textOf(value ?? ""));
      if (![...select.options].some((option) => option.value === wanted))
        select.append(h("option", { value: wanted }, `${wanted}, which the schema does not name`));
      select.value = wanted ?? "";
    },
  };
}

/** The one value of google.protobuf.NullValue. */
export function nullControl(): Control {
  let isSet = false;
  return {
    element: h("code", {}, "null"),
    get: () => (isSet ? null : undefined),
    set(value) {
      isSet = value === null;
    },
  };
}

const numeric: Props = { inputmode: "decimal" };
const WHOLE = /^-?\d+$/;
const REAL = /^(NaN|-?Infinity|-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)$/;

function numberFrom(text: string, pattern: RegExp): Json {
  const number = Number(text);
  return pattern.test(text) && Number.isFinite(number) ? number : text;
}

function jsonOfEnum(value: string): Json {
  return WHOLE.test(value) ? Number(value) : value;
}

function boolControl(changed: () => void): Control {
  const input = h("input", { type: "checkbox", onchange: changed });
  return {
    element: input,
    input,
    get: () => (input.checked ? true : undefined),
    set(value) {
      input.checked = value === true;
    },
  };
}

function stringControl(changed: () => void): Control {
  const input = h("textarea", { rows: 1, spellcheck: "false", oninput: changed });
  return {
    element: input,
    input,
    get: () => (input.value === "" ? undefined : input.value),
    set(value) {
      input.value = value === undefined || value === null ? "" : textOf(value);
    },
  };
}

/** Base64, or a file. */
function bytesControl(changed: () => void): Control {
  const text = textControl(changed, { props: { placeholder: "base64" }, pattern: /^[\w+/-]*={0,2}$/ });
  const file = h("input", { type: "file", hidden: true, "aria-label": "a file" });
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (chosen === undefined) return;
    text.set(base64(new Uint8Array(await chosen.arrayBuffer())));
    changed();
  });
  const choose = button("file…", () => file.click());
  return { ...text, element: h("div", { class: "inline" }, text.element, choose, file) };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
