import { button, freshId, h } from "../dom.ts";

/**
 * Asks before something that cannot be taken back. Escape is no.
 *
 * @param yes what the button says that does it
 * @param more what is asked besides
 */
export function confirmed(question: string, yes: string, more?: HTMLElement): Promise<boolean> {
  const id = freshId();
  const dialog = h("dialog", { class: "confirm", "aria-labelledby": id });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const no = button("Keep it", () => dialog.close());
  const go = button(yes, () => dialog.close(yes), { class: "danger" });
  dialog.append(h("p", { id }, question), ...(more === undefined ? [] : [more]));
  dialog.append(h("div", { class: "bar" }, no, go));
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === yes);
  });
  document.body.append(dialog);
  dialog.showModal();
  no.focus();
  return promise;
}
