// The page of a server: it signs in, learns what is served, and shows it.
import { callPage } from "./connect/page-call.ts";
import { button, h, loadingView, partOfDocument } from "./dom.ts";
import type { Schema } from "./schema.ts";
import { keepKey, keyOfSession, signInByLink } from "./session.ts";
import { createShell, type Shell } from "./shell.ts";
import { createSignInView } from "./view/sign-in.ts";

const place = partOfDocument(".place");
const links = partOfDocument(".links");
const who = partOfDocument(".who");
let shell: Shell | undefined;

partOfDocument(".host").textContent = location.host;
// A link that is followed in a tab which has the page already changes the fragment alone.
addEventListener("hashchange", () => location.hash.startsWith("#token=") && void begin());
void begin();

async function begin(): Promise<void> {
  if (shell === undefined) place.replaceChildren(loadingView());
  try {
    await signInByLink();
  } catch (error) {
    if (keyOfSession() === undefined) return askForKey(textOf(error));
  }
  const key = keyOfSession();
  if (key === undefined) return askForKey("");
  const fault = await enter(key);
  if (fault !== undefined) askForKey(fault);
}

/** Shows what is served to the owner of a key; gives the reason where that cannot be. */
async function enter(key: string): Promise<string | undefined> {
  try {
    const { json } = await callPage<{ json: string }>("GetSchema", {}, key);
    keepKey(key);
    const schema = JSON.parse(json) as Schema; // of the server's own version
    shell?.close();
    shell = createShell({ schema, key: keyOfSession, onUnauthenticated: tellStale });
    links.replaceChildren(shell.links);
    who.replaceChildren(h("code", {}, key.slice(0, 11)), button("Sign out", signOut));
    place.replaceChildren(shell.element);
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

function askForKey(reason: string): void {
  shell?.close();
  shell = undefined;
  keepKey(undefined);
  links.replaceChildren();
  who.replaceChildren();
  document.title = "Sign in · runrpc";
  place.replaceChildren(h("main", {}, createSignInView(reason, enter)));
  place.querySelector("input")?.focus();
}

function signOut(): void {
  askForKey("");
}

/** A call was refused: for its own key, where it names one, or because that of the page has ended. */
function tellStale(): void {
  if (who.querySelector(".stale") !== null) return;
  const again = button("The key may have ended: sign in again", signOut, { class: "stale danger" });
  who.prepend(again);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
