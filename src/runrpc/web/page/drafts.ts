/** Where requests are kept while the page is loaded again. */
const STORED = "runrpc.drafts";

/** The requests that were begun, as JSON, by the link of their method: those that `keepDrafts` has kept, which it keeps once. */
export function takeDrafts(): Map<string, string> {
  const text = sessionStorage.getItem(STORED) ?? "[]";
  sessionStorage.removeItem(STORED);
  return new Map(JSON.parse(text) as [string, string][]); // our own
}

/** Keeps them for the same tab. Where a browser has no room for them, it keeps none. */
export function keepDrafts(drafts: ReadonlyMap<string, string>): void {
  try {
    sessionStorage.setItem(STORED, JSON.stringify([...drafts]));
  } catch {
    // QuotaExceededError
  }
}
