// The page of a server: it signs in, learns what is served, and shows it.
import { CallFailure } from "./connect/ask.ts";
import { button, h, loadingView, partOfDocument } from "./dom.ts";
import { keepDrafts, takeDrafts } from "./drafts.ts";
import { createLookAgain } from "./look-again.ts";
import { createNews } from "./news.ts";
import type { Schema } from "./schema.ts";
import { changesOf } from "./schema-changes.ts";
import { askSchema, type ServedSchema } from "./served-schema.ts";
import { keepKey, keyOfSession, signInByLink } from "./session.ts";
import { createShell, type Shell } from "./shell.ts";
import { createSignInView } from "./view/sign-in.ts";

const place = partOfDocument(".place");
const links = partOfDocument(".links");
const who = partOfDocument(".who");
const news = createNews();
const drafts = takeDrafts();
const lookAgain = createLookAgain({ look, onFault: tellFault });
let shell: Shell | undefined;
let served: ServedSchema | undefined;

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
  try {
    await enter(key);
  } catch (error) {
    if (isGone(error)) showNoAnswer();
    else askForKey(textOf(error));
  }
}

/** Shows what is served to the owner of a key. @throws CallFailure where that cannot be */
async function enter(key: string): Promise<void> {
  take(await askSchema(key, served));
  keepKey(key);
  shell ??= createShell({
    ...{ schema: schemaOf, key: keyOfSession, drafts },
    ...{ onFailure: lookAgain.again, reload: loadAgain },
  });
  links.replaceChildren(shell.links);
  who.replaceChildren(h("code", {}, key.slice(0, 11)), button("Sign out", signOut));
  place.replaceChildren(shell.element);
  shell.renew();
}

/** The key may be good: it is kept. */
function showNoAnswer(): void {
  const again = button("Try again", () => void begin(), { class: "primary" });
  const text = "The server does not answer: it may be restarting.";
  place.replaceChildren(h("main", {}, h("h1", {}, text), h("div", { class: "bar" }, again)));
}

/** What the server serves from here on. */
function take(found: ServedSchema): void {
  const before = served;
  served = found;
  if (before === undefined) return;
  if (before.page !== found.page) news.tellNewPage(loadAgain);
  else if (before.version !== found.version) news.tellChanges(changesOf(before.schema, found.schema));
}

function schemaOf(): Schema {
  if (served === undefined) throw new Error("the page shows services before it knows of any");
  return served.schema;
}

/** Looks whether the server has come back as another one. */
async function look(): Promise<void> {
  const key = keyOfSession();
  if (shell === undefined || key === undefined) return;
  const before = served;
  take(await askSchema(key, before));
  if (before?.version !== served?.version) shell.renew();
}

function tellFault(error: unknown): void {
  news.tellGone(isGone(error));
  if (error instanceof CallFailure && error.error.code === "unauthenticated") tellStale();
}

/** Whether there is no server, or one that is ending. */
function isGone(error: unknown): boolean {
  return error instanceof CallFailure && error.error.code === "unavailable";
}

function loadAgain(): void {
  keepDrafts(drafts);
  location.reload();
}

/** What was shown stays behind it, and is there again with the next key. */
function askForKey(reason: string): void {
  keepKey(undefined);
  links.replaceChildren();
  who.replaceChildren();
  document.title = "Sign in · runrpc";
  place.replaceChildren(h("main", {}, createSignInView(reason, reasonAgainst)));
  place.querySelector("input")?.focus();
}

/** Tries a key, and gives the reason where it does not do. */
function reasonAgainst(key: string): Promise<string | undefined> {
  return enter(key).then(() => undefined, textOf);
}

function signOut(): void {
  shell?.close();
  shell = undefined;
  served = undefined;
  drafts.clear();
  news.clear();
  askForKey("");
}

/** The key of the page does not do any more: the server has started anew, or somebody has revoked it. */
function tellStale(): void {
  if (who.querySelector(".stale") !== null) return;
  const again = button("The key has ended: sign in again", () => askForKey(""), { class: "stale danger" });
  who.prepend(again);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
