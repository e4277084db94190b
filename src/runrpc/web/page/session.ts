import { callPage } from "./connect/page-call.ts";

/** In the tab alone, and gone with it. No cookie: a page of a stranger has nothing to have sent along. */
const STORED = "runrpc.key";

/** The API key that calls are made with; undefined where nobody has signed in. */
export function keyOfSession(): string | undefined {
  return sessionStorage.getItem(STORED) ?? undefined;
}

/** Remembers a key for this tab; undefined forgets it. */
export function keepKey(key: string | undefined): void {
  if (key === undefined) sessionStorage.removeItem(STORED);
  else sessionStorage.setItem(STORED, key);
}

/**
 * Trades the token in the fragment of the address for a key, and takes it out of the address.
 *
 * @throws CallFailure where the server does not take it.
 */
export async function signInByLink(): Promise<void> {
  const token = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  history.replaceState(null, "", location.pathname);
  const { key } = await callPage<{ key: string }>("SignIn", { token });
  keepKey(key);
}
