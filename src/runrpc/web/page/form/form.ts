import type { Json, Schema } from "../schema.ts";
import { type Path, zeroOf } from "./control.ts";
import { messageControl } from "./message.ts";
import { wellKnownControl } from "./well-known.ts";

/** A form for a request. */
export interface Form {
  readonly element: HTMLElement;
  get(): Json;
  set(value: Json): void;
  /** Shows a text at a field; false where there is no such field. */
  mark(path: Path, text: string): boolean;
  clearMarks(): void;
}

/**
 * Makes a form for any message, from its schema alone. It holds proto JSON: 64-bit integers, times and bytes are texts.
 *
 * @param changed called after each change that a person makes
 */
export function createForm(schema: Schema, type: string, changed: () => void): Form {
  const context = { schema, root: type, changed };
  const control = wellKnownControl(type, context) ?? messageControl(type, context);
  return {
    element: control.element,
    get: () => control.get() ?? zeroOf({ message: type }, context),
    set: control.set,
    mark: (path, text) => control.mark?.(path, text) ?? false,
    clearMarks: () => control.clearMarks?.(),
  };
}
