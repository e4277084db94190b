import type { CallSettings } from "./connect/call-settings.ts";
import { h } from "./dom.ts";
import type { MethodSchema, ServiceSchema } from "./schema.ts";
import { textOfMethod } from "./schema-changes.ts";
import { createMethodView, type MethodView } from "./view/method-view.ts";
import { createSidebar, linkOf } from "./view/sidebar.ts";
import type { View, ViewParts } from "./view.ts";

/** A method that is shown. */
interface Shown {
  readonly link: string;
  readonly view: MethodView;
  /** All that its form is made of. */
  readonly text: string;
  draft: string;
}

interface Found {
  readonly service: ServiceSchema;
  readonly method: MethodSchema;
  readonly link: string;
}

const NO_SETTINGS: CallSettings = { timeoutMs: undefined, headers: [] };

/** All methods, and one of them. A call goes on while another view is shown. */
export function createExplorer({ schema, key, drafts, onFailure }: ViewParts): View {
  let sidebar = createSidebar(schema(), "");
  const main = h("main", { tabindex: -1 });
  const element = h("div", { class: "explorer" }, sidebar.element, main);
  let shown: Shown | undefined;
  let isVisible = false;

  function methods(): readonly Found[] {
    return schema().services.flatMap((service) =>
      service.methods.map((method) => ({ service, method, link: linkOf(service, method) })),
    );
  }

  function open(link: string): void {
    const all = methods();
    const found = all.find((method) => method.link === link) ?? (link === "#/" ? all[0] : undefined);
    if (found === undefined) {
      showNone(link);
      return;
    }
    const draft = drafts.get(found.link) ?? "{}";
    // Whoever replays a call may have another request for it.
    if (found.link !== shown?.link || draft !== shown.draft) show(found, draft, NO_SETTINGS);
  }

  function showNone(link: string): void {
    shown?.view.close();
    shown = undefined;
    sidebar.show(link);
    const text = link === "#/" ? "This server has no methods." : `This server has no ${link.slice(2)}.`;
    main.replaceChildren(h("p", {}, text));
  }

  function show({ service, method, link }: Found, draft: string, settings: CallSettings): void {
    shown?.view.close();
    const view = createMethodView({
      schema: schema(),
      service,
      method,
      key,
      draft,
      settings,
      onDraft(text) {
        drafts.set(link, text);
        opened.draft = text;
      },
      onFailure,
    });
    const opened: Shown = { link, view, draft, text: textOfMethod(schema(), method) };
    shown = opened;
    sidebar.show(link);
    main.replaceChildren(view.element);
    main.scrollTop = 0;
  }

  /** What was typed stays, also where its method is gone; a form that is made of something else is made anew. */
  function renew(): void {
    const before = sidebar;
    sidebar = createSidebar(schema(), before.filter());
    before.close();
    before.element.replaceWith(sidebar.element);
    if (shown === undefined) return;
    sidebar.show(shown.link);
    const { link, view, draft, text } = shown;
    const found = methods().find((method) => method.link === link);
    if (found !== undefined && textOfMethod(schema(), found.method) !== text)
      show(found, draft, view.settings());
  }

  function onKey(event: KeyboardEvent): void {
    if (!isVisible || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    shown?.view.send();
  }

  document.addEventListener("keydown", onKey);
  return {
    element,
    show(place) {
      isVisible = true;
      // Who comes back from another view finds what was there.
      if (place !== "" || shown === undefined) open(`#/${place}`);
      document.title = `${shown?.link.slice(shown.link.lastIndexOf("/") + 1) ?? "Methods"} · runrpc`;
    },
    renew,
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
