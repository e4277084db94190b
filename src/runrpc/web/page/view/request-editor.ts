import { freshId, h } from "../dom.ts";
import { createForm } from "../form/form.ts";
import type { FieldViolation } from "../form/violations.ts";
import type { Json, Schema } from "../schema.ts";

/** A request as a form and, beside it, as JSON: each follows the other. */
export interface RequestEditor {
  readonly element: HTMLElement;
  /** The request as JSON, as it is written. */
  text(): string;
  /** Shows each at its field. Gives those whose field is not there. */
  showViolations(violations: readonly FieldViolation[]): readonly FieldViolation[];
  clearViolations(): void;
}

/** @param text what to begin with, as JSON */
export function createRequestEditor(
  schema: Schema,
  type: string,
  text: string,
  changed: (text: string) => void,
): RequestEditor {
  const noteId = freshId();
  const note = h("p", { class: "note", role: "status", id: noteId });
  const json = h("textarea", {
    class: "code json",
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": "The request as JSON",
    "aria-describedby": noteId,
  });
  const form = createForm(schema, type, () => {
    json.value = JSON.stringify(form.get(), null, 2);
    judge("");
    changed(json.value);
  });

  function judge(fault: string): void {
    note.textContent = fault;
    if (fault === "") json.removeAttribute("aria-invalid");
    else json.setAttribute("aria-invalid", "true");
  }

  /** The form shows what the text says, as soon as it is JSON. */
  function follow(): void {
    try {
      form.set(JSON.parse(json.value) as Json);
      judge("");
    } catch (error) {
      judge(`Not JSON: ${error instanceof Error ? error.message : error}`);
    }
  }

  json.addEventListener("input", () => {
    follow();
    changed(json.value);
  });
  json.value = text;
  follow();

  return {
    element: h(
      "div",
      { class: "request" },
      h(
        "section",
        { class: "pane form", "aria-label": "Request form" },
        h("h2", {}, lastOf(type)),
        form.element,
      ),
      h("section", { class: "pane", "aria-label": "Request as JSON" }, h("h2", {}, "JSON"), json, note),
    ),
    text: () => json.value,
    showViolations: (violations) => violations.filter(({ path, text }) => !form.mark(path, text)),
    clearViolations: form.clearMarks,
  };
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
