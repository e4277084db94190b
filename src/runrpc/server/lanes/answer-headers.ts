import { Code } from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";

/** The status with which Connect tells that a call is not authenticated. */
export const UNAUTHENTICATED_STATUS = codeToHttpStatus(Code.Unauthenticated);

/** What a 401 must say (RFC 9110, 15.5.2): how a key is sent (RFC 6750, 3). */
export const CHALLENGE = "Bearer";

/** What selects the answer to a GET, beside its URL. */
const OF_ALL = ["Accept-Encoding"];
const OF_CALLERS = ["Authorization", "X-Api-Key", "Cookie", ...OF_ALL];

/**
 * Tells caches what they may do with the answer to a Connect GET. Only a caller's own cache may keep that of a method
 * which is not public, as a key in `x-api-key` says nothing to a shared one; a handler that says `public` is taken at its
 * word. No cache keeps an error.
 */
export function tellCaches(
  headers: Headers,
  status: number,
  isPublic: boolean,
  corsVary: string | undefined,
): void {
  const given = headers.get("cache-control");
  if (status >= 400) headers.set("cache-control", "no-store");
  else if (!isPublic && !/\b(?:private|public|no-store)\b/i.test(given ?? ""))
    headers.set("cache-control", given === null ? "private" : `private, ${given}`);
  const names = [headers.get("vary"), corsVary, ...(isPublic ? OF_ALL : OF_CALLERS)];
  headers.set("vary", names.filter(Boolean).join(", "));
}
