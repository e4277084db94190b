import { button, h, loadingView } from "./dom.ts";
import { createExplorer } from "./explorer.ts";
import type { View, ViewParts } from "./view.ts";

/** The views, and the links that lead to them. */
export interface Shell {
  readonly links: HTMLElement;
  readonly element: HTMLElement;
  /** The schema is another one, or the key is. */
  renew(): void;
  close(): void;
}

type MakeView = (parts: ViewParts) => View;

/** By their names in the address; what nobody looks at is not loaded. The first one is `#/…`, and all else. */
const VIEWS: Readonly<Record<string, { readonly title: string; readonly load: () => Promise<MakeView> }>> = {
  "": { title: "Explorer", load: async () => createExplorer },
  dashboard: {
    title: "Dashboard",
    load: async () => (await import("./watch/dashboard.ts")).createDashboard,
  },
  log: { title: "Log", load: async () => (await import("./log/log-view.ts")).createLogView },
  keys: { title: "Keys", load: async () => (await import("./keys/keys-view.ts")).createKeysView },
};

export function createShell(given: Omit<ViewParts, "replay">): Shell {
  const parts: ViewParts = {
    ...given,
    replay(method, request) {
      given.drafts.set(`#/${method}`, request);
      location.hash = `#/${method}`;
    },
  };
  const element = h("div", { class: "shell" });
  const links = Object.entries(VIEWS).map(([name, { title }]) =>
    h("a", { href: name === "" ? "#/" : `#${name}`, "data-view": name }, title),
  );
  const made = new Map<string, View>();
  let shown: View | undefined;
  let isClosed = false;

  async function show(): Promise<void> {
    const { hash } = location;
    const { name, place } = placeIn(hash);
    for (const link of links)
      if (link.dataset.view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    if (shown === undefined) element.replaceChildren(loadingView());
    const make = made.has(name) ? undefined : await VIEWS[name]?.load().catch(() => "failed" as const);
    // It has been loaded when another one is wanted already.
    if (isClosed || hash !== location.hash) return;
    if (make === "failed") return showFailure();
    const view = made.get(name) ?? make?.(parts);
    if (view === undefined) return;
    made.set(name, view);
    if (shown !== view) {
      shown?.hide();
      element.replaceChildren(view.element);
      shown = view;
    }
    view.show(place);
  }

  /** A browser does not try again by itself: what it has not got of a module once, it does not get. */
  function showFailure(): void {
    shown?.hide();
    shown = undefined;
    const text = "The server did not send this view: it may be restarting, or gone.";
    const again = button("Load the page again", given.reload, { class: "primary" });
    element.replaceChildren(h("main", {}, h("h1", {}, text), h("div", { class: "bar" }, again)));
  }

  const onHash = (): void => void show();
  addEventListener("hashchange", onHash);
  onHash();
  return {
    links: h("nav", { class: "views", "aria-label": "Views" }, ...links),
    element,
    renew() {
      for (const view of made.values()) view.renew?.();
      // What it was told to the end of is asked for anew.
      shown?.hide();
      shown?.show("");
    },
    close() {
      isClosed = true;
      removeEventListener("hashchange", onHash);
      for (const view of made.values()) view.close();
    },
  };
}

function placeIn(hash: string): { readonly name: string; readonly place: string } {
  const [, name = "", place = ""] = /^#(\w*)\/?(.*)$/.exec(hash) ?? [];
  return Object.hasOwn(VIEWS, name) ? { name, place } : { name: "", place: "" };
}
