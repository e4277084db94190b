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
 * What tells caches what they may do with the answer to a Connect GET. Only a caller's own cache may keep that of a method
 * which is not public, as a key in `x-api-key` says nothing to a shared one; a handler that says `public` is taken at its
 * word. No cache keeps an error.
 *
 * @param given what the handler has set of the two.
 */
export function cacheHeaders(
  given: { readonly cacheControl: string | undefined; readonly vary: string | undefined },
  status: number,
  isPublic: boolean,
  corsVary: string | undefined,
): Readonly<Record<string, string>> {
  const names = [given.vary, corsVary, ...(isPublic ? OF_ALL : OF_CALLERS)];
  const vary = names.filter(Boolean).join(", ");
  const { cacheControl } = given;
  if (status >= 400) return { "cache-control": "no-store", vary };
  if (isPublic || /\b(?:private|public|no-store)\b/i.test(cacheControl ?? ""))
    return cacheControl === undefined ? { vary } : { "cache-control": cacheControl, vary };
  return { "cache-control": cacheControl === undefined ? "private" : `private, ${cacheControl}`, vary };
}
