import { freshId, h } from "../dom.ts";

/**
 * Asks for a key.
 *
 * @param reason why there is none, in a sentence; empty at first
 * @param enter tries a key, and gives the reason where it does not do
 */
export function createSignInView(
  reason: string,
  enter: (key: string) => Promise<string | undefined>,
): HTMLElement {
  const id = freshId();
  const fault = h("p", { class: "error", role: "alert" }, reason);
  const input = h("input", {
    id,
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    placeholder: "rr_…",
  });
  const submit = h("button", { class: "primary" }, "Sign in");
  const form = h(
    "form",
    { class: "sign-in" },
    h("h1", {}, "Sign in"),
    h("p", {}, "In development, the link that the server prints when it starts signs in by itself, once."),
    h("p", {}, "Otherwise an API key with the scope admin does. It is kept in this tab alone."),
    h("label", { for: id }, "API key"),
    h("div", { class: "inline" }, input, submit),
    fault,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fault.textContent = (await enter(input.value.trim())) ?? "";
    submit.disabled = false;
    input.focus();
  });
  return form;
}
