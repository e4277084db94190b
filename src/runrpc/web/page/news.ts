import { button, h, partOfDocument } from "./dom.ts";

/** Changes that are named; of the others their number is. */
const MAX_NAMED = 8;

/** A line above the views that tells what has become of the server. */
export interface News {
  /** The services are others. */
  tellChanges(changes: readonly string[]): void;
  /** The server has other files of the page than those that are here. */
  tellNewPage(reload: () => void): void;
  /** Whether the server cannot be reached. */
  tellGone(gone: boolean): void;
  clear(): void;
}

export function createNews(): News {
  const place = partOfDocument(".news");
  let isGone = false;
  const show = (...parts: readonly (Node | string)[]): void => {
    isGone = false;
    place.replaceChildren(...parts);
  };
  const dismiss = (): HTMLElement => button("×", () => show(), { class: "icon", "aria-label": "dismiss" });
  return {
    tellChanges(changes) {
      const named = changes.slice(0, MAX_NAMED).map((text) => h("li", {}, h("code", {}, text)));
      const more = changes.length - named.length;
      const others = more > 0 ? [h("li", {}, `and ${more} more`)] : [];
      show(
        h("p", {}, "The server has started again with other services. What you have typed is still here."),
        h("ul", {}, ...named, ...others),
        dismiss(),
      );
    },
    tellNewPage(reload) {
      const load = button("Load it again", reload, { class: "primary" });
      show(h("p", {}, "The server has another version of this page. What you have typed goes along."), load);
    },
    tellGone(gone) {
      if (gone === isGone) return;
      show(...(gone ? [h("p", {}, "The server cannot be reached. The page asks until it answers.")] : []));
      isGone = gone;
    },
    clear: () => show(),
  };
}
