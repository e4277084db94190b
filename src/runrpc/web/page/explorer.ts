import { h } from "./dom.ts";
import type { Schema } from "./schema.ts";
import { createMethodView, type MethodView } from "./view/method-view.ts";
import { createSidebar, linkOf } from "./view/sidebar.ts";

/** All methods, and one of them. */
export interface Explorer {
  readonly element: HTMLElement;
  close(): void;
}

/** @param onUnauthenticated hears that the key does not work any more */
export function createExplorer(
  schema: Schema,
  key: () => string | undefined,
  onUnauthenticated: () => void,
): Explorer {
  const sidebar = createSidebar(schema);
  const main = h("main", { tabindex: -1 });
  const drafts = new Map<string, string>();
  const methods = schema.services.flatMap((service) =>
    service.methods.map((method) => ({ service, method, link: linkOf(service, method) })),
  );
  let shown: MethodView | undefined;

  function show(): void {
    const found = methods.find(({ link }) => link === location.hash) ?? methods[0];
    shown?.close();
    if (found === undefined) {
      main.replaceChildren(h("p", {}, "This server has no methods."));
      return;
    }
    const { service, method, link } = found;
    shown = createMethodView({
      schema,
      service,
      method,
      key,
      draft: drafts.get(link) ?? "{}",
      onDraft: (text) => drafts.set(link, text),
      onUnauthenticated,
    });
    document.title = `${method.name} · runrpc`;
    sidebar.show(link);
    main.replaceChildren(shown.element);
    main.scrollTop = 0;
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    shown?.send();
  }

  addEventListener("hashchange", show);
  document.addEventListener("keydown", onKey);
  show();
  return {
    element: h("div", { class: "explorer" }, sidebar.element, main),
    close() {
      removeEventListener("hashchange", show);
      document.removeEventListener("keydown", onKey);
      shown?.close();
    },
  };
}
