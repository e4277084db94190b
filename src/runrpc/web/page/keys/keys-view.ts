import { button, h } from "../dom.ts";
import { confirmed } from "../view/confirm.ts";
import { copyText } from "../view/copy.ts";
import { showRefusal } from "../view/refusal.ts";
import type { View, ViewParts } from "../view.ts";
import { askGrace } from "./ask-grace.ts";
import { createKeyForm } from "./create-form.ts";
import { createKeyList, type IssuedKey, type Key, type NewKey, ownerOf } from "./key-list.ts";
import { createKeyTable } from "./key-table.ts";

/** The life of API keys: they are made, listed, replaced and revoked. */
export function createKeysView({ schema, key, onFailure }: ViewParts): View {
  const keys = createKeyList(key);
  const table = createKeyTable({
    rotate: (found) => void rotate(found),
    revoke: (found) => void revoke(found),
  });
  const form = createKeyForm(schema(), create);
  const state = h("p", { class: "state", role: "status" });
  const issued = h("div", { class: "issued", role: "status" });
  const body = h("div", { class: "keys", hidden: true }, form.element, table.element);
  const element = h("main", { tabindex: -1 }, h("h1", {}, "Keys"), state, issued, body);

  async function refresh(): Promise<void> {
    try {
      const all = await keys.all();
      table.update(all);
      form.offerOwners([...new Set(all.map(ownerOf))]);
      state.replaceChildren();
      body.hidden = false;
    } catch (error) {
      tell(error);
    }
  }

  async function create(wanted: NewKey): Promise<void> {
    showSecret(await keys.create(wanted));
    await refresh();
  }

  async function revoke(found: Key): Promise<void> {
    const question = `Revoke ${found.keyId} of ${ownerOf(found)}? Whoever holds it is refused from then on, on open streams too.`;
    if (!(await confirmed(question, "Revoke it"))) return;
    try {
      await keys.revoke(found.keyId);
      await refresh();
    } catch (error) {
      tell(error);
    }
  }

  async function rotate(found: Key): Promise<void> {
    const graceMs = await askGrace(found);
    if (graceMs === undefined) return;
    try {
      showSecret(await keys.rotate(found.keyId, graceMs));
      await refresh();
    } catch (error) {
      tell(error);
    }
  }

  function tell(error: unknown): void {
    showRefusal(state, error, onFailure);
  }

  function showSecret({ key: made, secret }: IssuedKey): void {
    const copy = button("Copy", (event) => void copyText(secret, event), { class: "primary" });
    const done = button("Done", forget);
    issued.replaceChildren(
      h("p", {}, `This is the key of ${ownerOf(made)}. It is shown this once, and kept nowhere.`),
      h("div", { class: "inline" }, h("code", { class: "secret" }, secret), copy, done),
    );
    copy.focus();
  }

  function forget(): void {
    issued.replaceChildren();
  }

  return {
    element,
    show() {
      document.title = "Keys · runrpc";
      void refresh();
    },
    renew: () => form.offerScopes(schema()),
    hide: forget,
    close: forget,
  };
}
