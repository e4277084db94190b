import { freshId, h } from "../dom.ts";
import type { Schema } from "../schema.ts";
import type { CallFilter } from "./search.ts";

/** Asks which calls are looked for. */
export interface FilterForm {
  readonly element: HTMLFormElement;
  /** Names the methods and services that there are. */
  offer(schema: Schema): void;
  get(): CallFilter;
  /** Looks for one call alone. */
  setRequestId(requestId: string): void;
}

/** The codes of Connect, in the order of their numbers. */
const CODES = [
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/**
 * @param search called when it is to begin
 * @param more buttons beside that of the search
 */
export function createFilterForm(
  schema: Schema,
  search: () => void,
  ...more: readonly HTMLElement[]
): FilterForm {
  const names = h("datalist", { id: freshId() });
  const offer = ({ services }: Schema): void =>
    names.replaceChildren(
      ...services
        .flatMap(({ name, methods }) => [name, ...methods.map((each) => `${name}/${each.name}`)])
        .map((value) => h("option", { value })),
    );
  offer(schema);
  const method = line("text", { list: names.id, placeholder: "a method or a service" });
  const code = h(
    "select",
    { id: freshId(), onchange: search },
    option("", "any"),
    option("error", "any but ok"),
    ...["ok", ...CODES].map((value) => option(value, value)),
  );
  const keyId = line("text", { placeholder: "rr_…" });
  const requestId = line("text");
  const slower = line("number", { min: 0, step: "any", placeholder: "0" });
  const from = line("datetime-local", { step: 1 });
  const to = line("datetime-local", { step: 1 });
  const element = h(
    "form",
    { class: "filter", role: "search", "aria-label": "Calls" },
    field("Method", method),
    names,
    field("Code", code),
    field("Key", keyId),
    field("Request id", requestId),
    field("Took at least, ms", slower),
    field("From", from),
    field("To", to),
    h("button", { class: "primary" }, "Search"),
    ...more,
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  return {
    element,
    offer,
    get: () => ({
      ...given("method", method.value.trim()),
      ...(code.value === "" ? {} : { codes: [code.value] }),
      ...given("keyId", keyId.value.trim()),
      ...given("requestId", requestId.value.trim()),
      ...given("startTime", timeOf(from)),
      ...given("endTime", timeOf(to)),
      ...(slower.value === "" ? {} : { minDurationMs: Number(slower.value) }),
    }),
    setRequestId(value) {
      element.reset();
      requestId.value = value;
    },
  };
}

function given(name: keyof CallFilter, value: string): CallFilter {
  return value === "" ? {} : { [name]: value };
}

function timeOf({ value }: HTMLInputElement): string {
  return value === "" ? "" : new Date(value).toISOString();
}

function line(type: string, props: Readonly<Record<string, string | number>> = {}): HTMLInputElement {
  return h("input", { id: freshId(), type, autocomplete: "off", spellcheck: "false", ...props });
}

function option(value: string, text: string): HTMLOptionElement {
  return h("option", { value }, text);
}

function field(text: string, control: HTMLElement): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: control.id }, text), control);
}
