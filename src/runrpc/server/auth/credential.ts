import type { IncomingHttpHeaders } from "node:http";

/** What a request says about its key: none, one, or why what was sent cannot be one. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "bad"; readonly reason: string };

const NONE: Credential = { kind: "none" };

/**
 * Reads the key from `x-api-key` or from `authorization: Bearer <key>` (RFC 6750; the scheme in any case).
 * Both may be sent when they agree. An authorization header of another scheme is bad, not none: whoever sends
 * credentials expects them to be checked.
 */
export function credentialFromHeaders(headers: IncomingHttpHeaders): Credential {
  const apiKey = headers["x-api-key"];
  const authorization = headers.authorization;
  if (apiKey === undefined && authorization === undefined) return NONE;
  if (typeof apiKey === "object" || apiKey?.includes(",") === true)
    return bad("x-api-key was sent more than once");
  if (authorization === undefined) return { kind: "key", key: apiKey ?? "" };
  if (hasSeveral(authorization)) return bad(SENT_TWICE);
  if (authorization.slice(0, 7).toLowerCase() !== "bearer ") {
    return bad("the authorization header must be: Bearer <key>");
  }
  const token = authorization.slice(7).trim();
  if (apiKey !== undefined && apiKey !== token) {
    return bad("x-api-key and authorization hold different keys: send one of them");
  }
  return { kind: "key", key: token };
}

/** What is told of credentials of which nobody can say which are meant. */
export const SENT_TWICE = "authorization was sent more than once";

/**
 * Whether an authorization header holds the credentials of several, which arrive joined by commas (RFC 9110, 5.3): behind a comma there
 * is another scheme, or no parameter of the first one, which is `name=value`.
 */
export function hasSeveral(authorization: string): boolean {
  return authorization.includes(",") && SECOND.test(authorization);
}

/** Whoever has no key is looked at by it: what may follow one another has no characters in common, so that nothing is read again. */
const SECOND = /,(?:\s*[^\s,="]+\s+[^\s=]|[^=,"]*(?:,|$))/;

function bad(reason: string): Credential {
  return { kind: "bad", reason };
}
