import { h } from "../dom.ts";
import type { MethodKind, MethodSchema, Schema, ServiceSchema } from "../schema.ts";

/** How a kind is drawn, and said. */
export const kinds: Readonly<Record<MethodKind, { readonly sign: string; readonly words: string }>> = {
  unary: { sign: "→", words: "unary" },
  server_streaming: { sign: "⇉", words: "server streaming" },
  client_streaming: { sign: "⇇", words: "client streaming" },
  bidi_streaming: { sign: "⇄", words: "bidi streaming" },
};

/** The address of a method within the page. */
export function linkOf(service: ServiceSchema, method: MethodSchema): string {
  return `#/${service.name}/${method.name}`;
}

/** What there is to choose from. */
export interface Sidebar {
  readonly element: HTMLElement;
  /** Marks the method that is shown. */
  show(link: string): void;
  /** What is filtered by. */
  filter(): string;
  /** Keys lead to it no longer. */
  close(): void;
}

/** A list of all methods with a filter, which `/` leads to. @param wanted what is filtered by, to begin with */
export function createSidebar({ services }: Schema, wanted: string): Sidebar {
  const filter = h("input", {
    type: "search",
    placeholder: "Filter methods  /",
    "aria-label": "Filter methods",
    autocomplete: "off",
    spellcheck: "false",
    value: wanted,
  });
  const own = services.filter(({ isBuiltIn }) => !isBuiltIn);
  const builtIn = services.filter(({ isBuiltIn }) => isBuiltIn);
  const links: HTMLAnchorElement[] = [];
  const groups = own.map((service) => serviceGroup(service, links));
  const others = h("details", {}, h("summary", {}, "Built in"));
  others.append(...builtIn.map((service) => serviceGroup(service, links)));
  others.open = own.length === 0;
  const nothing = h("p", { class: "dim", hidden: true }, "No method has that in its name.");
  const nav = h(
    "nav",
    { "aria-label": "Methods" },
    ...groups,
    ...(builtIn.length > 0 ? [others] : []),
    nothing,
  );

  function narrow(): void {
    const wanted = filter.value.trim().toLowerCase();
    for (const link of links) {
      const item = link.parentElement;
      if (item !== null) item.hidden = !(link.dataset.name ?? "").includes(wanted);
    }
    for (const group of nav.querySelectorAll("section"))
      group.hidden = group.querySelector("li:not([hidden])") === null;
    const shown = links.filter((link) => link.parentElement?.hidden === false);
    if (wanted !== "") others.open = true;
    others.hidden = others.querySelector("section:not([hidden])") === null;
    nothing.hidden = shown.length > 0;
  }

  filter.addEventListener("input", narrow);
  filter.addEventListener("keydown", ({ key }) => {
    const first = links.find((link) => link.parentElement?.hidden === false);
    if (key === "Enter" || key === "ArrowDown") first?.focus();
    if (key === "Enter") first?.click();
  });
  nav.addEventListener("keydown", (event) => step(event, links));
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "/" || isTyping(event.target) || filter.offsetParent === null) return;
    event.preventDefault();
    filter.select();
  };
  document.addEventListener("keydown", onKey);
  if (wanted !== "") narrow();
  return {
    filter: () => filter.value,
    element: h("aside", { class: "sidebar" }, filter, nav),
    show(wanted) {
      for (const link of links) {
        const isShown = link.getAttribute("href") === wanted;
        if (isShown) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
        if (isShown) link.closest("details")?.setAttribute("open", "");
      }
    },
    close: () => document.removeEventListener("keydown", onKey),
  };
}

function serviceGroup(service: ServiceSchema, links: HTMLAnchorElement[]): HTMLElement {
  const dot = service.name.lastIndexOf(".");
  const items = service.methods.map((method) => {
    const { sign, words } = kinds[method.kind];
    const link = h(
      "a",
      {
        href: linkOf(service, method),
        title: words,
        "data-name": `${service.name}/${method.name}`.toLowerCase(),
      },
      h("span", { class: `sign ${method.kind}`, "aria-hidden": "true" }, sign),
      h("span", { class: method.isDeprecated ? "deprecated" : "" }, method.name),
    );
    links.push(link);
    return h("li", {}, link);
  });
  return h(
    "section",
    {},
    h(
      "h2",
      { title: service.comment },
      h("span", { class: "dim" }, service.name.slice(0, dot + 1)),
      h("wbr"),
      service.name.slice(dot + 1),
    ),
    h("ul", {}, ...items),
  );
}

/** The arrow keys go from method to method. */
function step(event: KeyboardEvent, links: readonly HTMLAnchorElement[]): void {
  const way = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (way === 0) return;
  const shown = links.filter((link) => link.offsetParent !== null);
  const at = shown.findIndex((link) => link.matches(":focus"));
  const next = at === -1 ? undefined : shown[at + way];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** Whether a key is a letter of a text, and no command. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
