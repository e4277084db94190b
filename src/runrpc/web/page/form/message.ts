import { freshId, h } from "../dom.ts";
import type { FieldSchema, Json, MemberSchema, OneofSchema, TypeSchema } from "../schema.ts";
import { anyControl } from "./any.ts";
import { isObject, listControl, mapControl } from "./collections.ts";
import { type Control, type FormContext, takesNull, zeroOf } from "./control.ts";
import { withPresence } from "./presence.ts";
import { createRow, typeWords } from "./row.ts";
import { enumControl, nullControl, scalarControl } from "./scalar.ts";
import { wellKnownControl, wrapped } from "./well-known.ts";

/** A part of a message: one field, or a oneof. */
interface Part {
  readonly element: HTMLElement;
  /** The members of the JSON object that it is about. */
  readonly names: readonly string[];
  get(): Readonly<Record<string, Json>>;
  set(values: Readonly<Record<string, Json>>): void;
  mark: NonNullable<Control["mark"]>;
  clearMarks(): void;
}

/** A control for a message of its own fields. What its JSON holds besides them is kept, for the server to judge. */
export function messageControl(type: string, context: FormContext): Control {
  const members = context.schema.messages[type]?.members ?? [];
  const parts = members.map((member) => partOf(member, context));
  const known = new Set(parts.flatMap(({ names }) => names));
  let others: readonly (readonly [string, Json])[] = [];
  const empty = parts.length === 0 ? [h("p", { class: "dim" }, "This message has no fields.")] : [];
  return {
    element: h("div", { class: "message" }, ...parts.map(({ element }) => element), ...empty),
    get: () => ({ ...Object.assign({}, ...parts.map((part) => part.get())), ...Object.fromEntries(others) }),
    set(value) {
      const given = isObject(value) ? value : {};
      others = Object.entries(given).filter(([name]) => !known.has(name));
      for (const part of parts) part.set(given);
    },
    mark: (path, text) => parts.some((part) => part.mark(path, text)),
    clearMarks() {
      for (const part of parts) part.clearMarks();
    },
  };
}

function partOf(member: MemberSchema, context: FormContext): Part {
  return member.kind === "oneof" ? oneofPart(member, context) : fieldPart(member, context);
}

function fieldPart(field: FieldSchema, context: FormContext): Part {
  const control = fieldControl(field, context);
  const row = createRow({ ...field, type: typeWords(field), isWide: holdsFields(field.type) }, control);
  return {
    element: row.element,
    names: [field.jsonName, field.name],
    get() {
      const value = control.get();
      return value === undefined ? {} : { [field.jsonName]: value };
    },
    set: (values) => control.set(valueIn(values, field)),
    mark([part, ...rest], text) {
      if (part?.kind !== "field" || part.name !== field.name) return false;
      if (!control.mark?.(rest, text)) row.mark(text);
      return true;
    },
    clearMarks() {
      row.clear();
      control.clearMarks?.();
    },
  };
}

/** One field of several, or none. */
function oneofPart(oneof: OneofSchema, context: FormContext): Part {
  const options = oneof.fields.map((field) =>
    h("option", { value: field.name }, `${field.name} · ${typeWords(field)}`),
  );
  const id = freshId();
  const select = h("select", { id }, h("option", { value: "" }, "not set"), ...options);
  const place = h("div");
  let chosen: { readonly field: FieldSchema; readonly control: Control } | undefined;
  const show = (field: FieldSchema | undefined): void => {
    select.value = field?.name ?? "";
    const control = field && valueControl(field, context);
    control?.input?.setAttribute("aria-label", field?.name ?? "");
    chosen = field && control && { field, control };
    place.replaceChildren(...(control === undefined ? [] : [control.element]));
  };
  select.addEventListener("change", () => {
    show(oneof.fields.find(({ name }) => name === select.value));
    context.changed();
  });
  const element = h("div", { class: "oneof" }, select, place);
  const row = createRow(
    { ...oneof, type: "oneof", isWide: oneof.fields.some(({ type }) => holdsFields(type)) },
    { element, input: select },
  );
  return {
    element: row.element,
    names: oneof.fields.flatMap(({ jsonName, name }) => [jsonName, name]),
    get() {
      if (chosen === undefined) return {};
      const { field, control } = chosen;
      return { [field.jsonName]: control.get() ?? zeroOf(field.type, context) };
    },
    set(values) {
      const field = oneof.fields.find((each) => {
        const value = valueIn(values, each);
        return value !== undefined && (value !== null || takesNull(each.type));
      });
      show(field);
      if (field !== undefined) chosen?.control.set(valueIn(values, field));
    },
    mark([part, ...rest], text) {
      const isOwn = part?.kind === "field" && (part.name === oneof.name || part.name === chosen?.field.name);
      if (!isOwn) return false;
      if (!chosen?.control.mark?.(rest, text)) row.mark(text);
      return true;
    },
    clearMarks() {
      row.clear();
      chosen?.control.clearMarks?.();
    },
  };
}

/** By either of its names. Fields may have the names of what every object inherits, such as `constructor`. */
function valueIn(values: Readonly<Record<string, Json>>, { jsonName, name }: FieldSchema): Json | undefined {
  const found = [jsonName, name].find((each) => Object.hasOwn(values, each));
  return found === undefined ? undefined : values[found];
}

function fieldControl(field: FieldSchema, context: FormContext): Control {
  const { type, name, shape, hasPresence } = field;
  const make = () => valueControl(field, context);
  if (shape === "list") return listControl(field, make, context);
  if (shape === "map") return mapControl(field, make, context);
  const isMessage = "message" in type;
  const isWrapper = isMessage && wrapped[type.message] !== undefined;
  const hasEmpty = isMessage && !isWrapper && isSelfContained(type.message, context);
  if (!hasPresence || hasEmpty) return make();
  const zero = zeroOf(type, context);
  return withPresence({
    make,
    zero,
    changed: context.changed,
    name,
    isHidden: isMessage && !isWrapper,
    isSet: (value) => value !== undefined && (value !== null || takesNull(type)),
  });
}

/** Whether a control of this type can show by itself that nothing is set. */
function isSelfContained(type: string, context: FormContext): boolean {
  return type === "google.protobuf.Any" || wellKnownControl(type, context) !== undefined;
}

/** A control for one value of a field: of a list or map, for one of its values. */
function valueControl({ type, hasPresence, shape }: FieldSchema, context: FormContext): Control {
  if ("scalar" in type) return scalarControl(type.scalar, context.changed);
  if ("enum" in type) {
    if (takesNull(type)) return nullControl();
    const values = context.schema.enums[type.enum] ?? { values: [] };
    return enumControl(values, context.changed, !hasPresence && shape === "single");
  }
  if (type.message === "google.protobuf.Any")
    return anyControl(context, (inner) => messageControl(inner, context));
  return wellKnownControl(type.message, context) ?? nested(messageControl(type.message, context));
}

/** Whether a control of this type is a form of its own. */
function holdsFields(type: TypeSchema): boolean {
  return (
    "message" in type &&
    (type.message === "google.protobuf.Any" || !type.message.startsWith("google.protobuf."))
  );
}

function nested(control: Control): Control {
  return { ...control, element: h("div", { class: "nested" }, control.element) };
}
