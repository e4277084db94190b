import { h } from "./dom.ts";
import { createMethodView, type MethodView } from "./view/method-view.ts";
import { createSidebar, linkOf } from "./view/sidebar.ts";
import type { View, ViewParts } from "./view.ts";

/** All methods, and one of them. A call goes on while another view is shown. */
export function createExplorer({ schema, key, drafts, onUnauthenticated }: ViewParts): View {
  const sidebar = createSidebar(schema);
  const main = h("main", { tabindex: -1 });
  const methods = schema.services.flatMap((service) =>
    service.methods.map((method) => ({ service, method, link: linkOf(service, method) })),
  );
  let shown: { readonly link: string; readonly view: MethodView; draft: string } | undefined;
  let isVisible = false;

  function open(link: string): void {
    const found = methods.find((method) => method.link === link) ?? methods[0];
    if (found === undefined) {
      main.replaceChildren(h("p", {}, "This server has no methods."));
      return;
    }
    const { service, method } = found;
    const draft = drafts.get(found.link) ?? "{}";
    // Whoever replays a call may have another request for it.
    if (found.link === shown?.link && draft === shown.draft) return;
    shown?.view.close();
    const view = createMethodView({
      schema,
      service,
      method,
      key,
      draft,
      onDraft(text) {
        drafts.set(found.link, text);
        opened.draft = text;
      },
      onUnauthenticated,
    });
    const opened = { link: found.link, view, draft };
    shown = opened;
    sidebar.show(found.link);
    main.replaceChildren(view.element);
    main.scrollTop = 0;
  }

  function onKey(event: KeyboardEvent): void {
    if (!isVisible || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    shown?.view.send();
  }

  document.addEventListener("keydown", onKey);
  return {
    element: h("div", { class: "explorer" }, sidebar.element, main),
    show(place) {
      isVisible = true;
      // Who comes back from another view finds what was there.
      if (place !== "" || shown === undefined) open(`#/${place}`);
      document.title = `${shown?.link.slice(shown.link.lastIndexOf("/") + 1) ?? "Methods"} · runrpc`;
    },
    hide() {
      isVisible = false;
    },
    close() {
      document.removeEventListener("keydown", onKey);
      sidebar.close();
      shown?.view.close();
    },
  };
}
