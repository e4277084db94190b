import { button, freshId, h } from "../dom.ts";
import type { Json } from "../schema.ts";
import type { Control, FormContext } from "./control.ts";
import { scalarControl, textControl } from "./scalar.ts";

/** Messages whose JSON is no object of their fields: https://protobuf.dev/programming-guides/json/ */
const controls: Readonly<Record<string, (context: FormContext) => Control>> = {
  Timestamp: timestampControl,
  Duration: ({ changed }) =>
    textControl(changed, {
      props: { placeholder: "1.5s, 200ms, 2m, 1h" },
      parse: durationFrom,
      pattern: DURATION,
    }),
  FieldMask: fieldMaskControl,
  Struct: ({ changed }) => jsonControl(changed, "{ }"),
  Value: ({ changed }) => jsonControl(changed, "any JSON"),
  ListValue: ({ changed }) => jsonControl(changed, "[ ]"),
};

/** The scalars that wrappers hold: to be set or not set is what they are for. */
export const wrapped: Readonly<Record<string, string>> = {
  "google.protobuf.DoubleValue": "double",
  "google.protobuf.FloatValue": "float",
  "google.protobuf.Int64Value": "int64",
  "google.protobuf.UInt64Value": "uint64",
  "google.protobuf.Int32Value": "int32",
  "google.protobuf.UInt32Value": "uint32",
  "google.protobuf.BoolValue": "bool",
  "google.protobuf.StringValue": "string",
  "google.protobuf.BytesValue": "bytes",
};

/** A control for a well-known message; undefined for any other. Empty is not set. */
export function wellKnownControl(type: string, context: FormContext): Control | undefined {
  const scalar = wrapped[type];
  if (scalar !== undefined) return scalarControl(scalar, context.changed);
  const [, name = ""] = /^google\.protobuf\.(\w+)$/.exec(type) ?? [];
  return controls[name]?.(context);
}

const DURATION = /^-?\d+(\.\d{1,9})?(ms|s|m|h)?$/;
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600 };

/** `200ms` is `0.2s`, and a number alone is seconds. What is already in seconds keeps all its digits. */
function durationFrom(text: string): Json {
  const [, number, unit = "s"] = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  if (number === undefined) return text;
  if (unit === "s") return `${number}s`;
  return `${Number((Number(number) * (SECONDS[unit] ?? 1)).toFixed(9))}s`;
}

function timestampControl({ changed }: FormContext): Control {
  const text = textControl(changed, {
    props: { placeholder: "2026-01-31T12:00:00Z" },
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
  });
  const now = button("now", () => {
    text.set(new Date().toISOString());
    changed();
  });
  return { ...text, element: h("div", { class: "inline" }, text.element, now) };
}

function fieldMaskControl({ schema, root, changed }: FormContext): Control {
  const id = freshId();
  const paths = pathsOf(root, "", 0);
  const text = textControl(changed, { props: { list: id, placeholder: paths.slice(0, 2).join(",") } });
  const options = h("datalist", { id }, ...paths.map((value) => h("option", { value })));
  return { ...text, element: h("div", { class: "inline" }, text.element, options) };

  function pathsOf(type: string, prefix: string, depth: number): string[] {
    const members = schema.messages[type]?.members ?? [];
    const fields = members.flatMap((member) => (member.kind === "oneof" ? member.fields : [member]));
    return fields.flatMap((field) => {
      const path = `${prefix}${field.jsonName}`;
      const isOpen = field.shape === "single" && "message" in field.type && depth < 2;
      const within = isOpen && "message" in field.type ? field.type.message : "";
      const isOwn = within !== "" && !within.startsWith("google.protobuf.");
      return [path, ...(isOwn ? pathsOf(within, `${path}.`, depth + 1) : [])];
    });
  }
}

/** JSON of any shape. Half-written text is no value, and is marked. */
function jsonControl(changed: () => void, placeholder: string): Control {
  const input = h("textarea", { rows: 2, placeholder, spellcheck: "false", class: "code" });
  const read = (): Json | undefined =>
    input.value.trim() === "" ? undefined : (JSON.parse(input.value) as Json);
  const judge = (): Json | undefined => {
    try {
      const value = read();
      input.removeAttribute("aria-invalid");
      return value;
    } catch {
      input.setAttribute("aria-invalid", "true");
      return undefined;
    }
  };
  input.addEventListener("input", changed);
  return {
    element: input,
    input,
    get: judge,
    set(value) {
      input.value = value === undefined ? "" : JSON.stringify(value, null, 2);
      judge();
    },
  };
}
