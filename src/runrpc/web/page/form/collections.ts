import { button, h } from "../dom.ts";
import type { FieldSchema, Json, JsonObject } from "../schema.ts";
import { type Control, type FormContext, type Path, zeroOf } from "./control.ts";
import { scalarControl } from "./scalar.ts";

interface Item {
  readonly row: HTMLElement;
  readonly error: HTMLElement;
  readonly control: Control;
}

/** What a list makes its items with. */
interface ListOptions {
  readonly name: string;
  readonly make: () => Control;
  readonly changed: () => void;
}

/** Items that can be added and removed. */
interface List {
  readonly element: HTMLElement;
  readonly items: readonly Item[];
  set(values: readonly Json[]): void;
  clearMarks(): void;
}

/** A control for a repeated field. */
export function listControl(field: FieldSchema, make: () => Control, context: FormContext): Control {
  const zero = zeroOf(field.type, context);
  const list = createList({ name: field.name, make, changed: context.changed });
  return {
    element: list.element,
    get: () => (list.items.length === 0 ? undefined : list.items.map(({ control }) => control.get() ?? zero)),
    set: (value) => list.set(Array.isArray(value) ? value : []),
    mark([part, ...rest], text) {
      const item = part?.kind === "index" ? list.items[part.index] : undefined;
      return item !== undefined && markItem(item, rest, text);
    },
    clearMarks: list.clearMarks,
  };
}

/** A control for a map: its entries are rows of a key and a value. */
export function mapControl(field: FieldSchema, make: () => Control, context: FormContext): Control {
  const keyType = field.key ?? "string";
  const zeros = { key: zeroOf({ scalar: keyType }, context), value: zeroOf(field.type, context) };
  const entry = (): Control => {
    const [key, value] = [scalarControl(keyType, context.changed), make()];
    key.input?.setAttribute("aria-label", `key of ${field.name}`);
    value.input?.setAttribute("aria-label", `value of ${field.name}`);
    for (const [input, text] of [
      [key.input, "key"],
      [value.input, "value"],
    ] as const)
      if (input?.matches("input:not([placeholder]), textarea:not([placeholder])"))
        input.setAttribute("placeholder", text);
    return {
      element: h("div", { class: "entry" }, key.element, value.element),
      get: () => [key.get() ?? zeros.key, value.get() ?? zeros.value],
      set(pair) {
        const [given, held] = Array.isArray(pair) ? (pair as readonly Json[]) : [];
        key.set(keyType === "bool" ? given === "true" : given);
        value.set(held);
      },
      mark: (path, text) => value.mark?.(path, text) ?? false,
      clearMarks: () => value.clearMarks?.(),
    };
  };
  const list = createList({ name: field.name, make: entry, changed: context.changed });
  const pairs = () => list.items.map(({ control }) => control.get() as readonly [Json, Json]); // as `entry` gives them
  return {
    element: list.element,
    get: () =>
      list.items.length === 0
        ? undefined
        : Object.fromEntries(pairs().map(([key, value]) => [String(key), value])),
    set: (value) => list.set(isObject(value) ? Object.entries(value) : []),
    mark([part, ...rest], text) {
      const at = part?.kind === "key" ? pairs().findIndex(([key]) => String(key) === part.key) : -1;
      const item = list.items[at];
      return item !== undefined && markItem(item, rest, text);
    },
    clearMarks: list.clearMarks,
  };
}

function markItem({ control, error, row }: Item, rest: Path, text: string): boolean {
  if (control.mark?.(rest, text)) return true;
  error.append(h("div", {}, text));
  row.classList.add("wrong");
  return true;
}

function createList({ name, make, changed }: ListOptions): List {
  const items: Item[] = [];
  const rows = h("ol", { class: "items" });
  const add = (): Item => {
    const control = make();
    const error = h("div", { class: "error", role: "alert" });
    const remove = button("×", () => drop(item), { class: "icon", "aria-label": `remove this ${name}` });
    const row = h("li", {}, h("div", { class: "grow" }, control.element, error), remove);
    const item: Item = { row, error, control };
    if (!control.input?.hasAttribute("aria-label"))
      control.input?.setAttribute("aria-label", `${name} ${items.length + 1}`);
    items.push(item);
    rows.append(row);
    return item;
  };
  const drop = (item: Item): void => {
    items.splice(items.indexOf(item), 1);
    item.row.remove();
    changed();
    more.focus();
  };
  const more = button("+ add", () => {
    const { control } = add();
    control.input?.focus();
    changed();
  });
  more.setAttribute("aria-label", `add to ${name}`);
  return {
    element: h("div", {}, rows, more),
    items,
    set(values) {
      items.length = 0;
      rows.replaceChildren();
      for (const value of values) add().control.set(value);
    },
    clearMarks() {
      for (const { control, error, row } of items) {
        control.clearMarks?.();
        error.replaceChildren();
        row.classList.remove("wrong");
      }
    },
  };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
