import type { IncomingHttpHeaders } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { isForwarded } from "../http/forwarded.ts";
import { exhausted, RETRY_ROOM_MS } from "../limits/exhausted.ts";
import type { StoredKey } from "./key-store.ts";
import { isLoopback } from "./peer.ts";

/** What a wrong secret and an unknown id are told alike, so that ids cannot be found out. */
export const UNKNOWN_KEY = "unknown API key";

/** What is said of a key that does not exist any longer, to a call that was opened with it. */
export const DELETED_KEY = "this API key was deleted";

/**
 * Why a key that was proven is refused at this moment; undefined when it is good. Its holder knows the key,
 * so that the reason may be told.
 */
export function refusalOf(stored: StoredKey, now: number): string | undefined {
  if (stored.revokedAt !== undefined) return "this API key was revoked";
  if (stored.expiresAt !== undefined && stored.expiresAt.getTime() <= now) {
    return `this API key expired at ${stored.expiresAt.toISOString()}`;
  }
  return undefined;
}

/**
 * Why a development key is refused from here; undefined when it may be used, or is none. A proxy on this machine is no
 * reason to take its clients for local ones, and neither is the word of a proxy, trusted or not.
 */
export function placeRefusalOf(
  stored: StoredKey,
  headers: IncomingHttpHeaders,
  peer: string,
  production: boolean,
): string | undefined {
  if (!stored.loopbackOnly) return undefined;
  if (production) return "this is a development key: it does not work in production";
  if (isForwarded(headers)) return "this is a development key: it does not work through a proxy";
  return isLoopback(peer)
    ? undefined
    : "this is a development key: it works from the server's own machine only";
}

export function unauthenticated(reason: string): ConnectError {
  return new ConnectError(reason, Code.Unauthenticated);
}

/** What a wrong key is told from an address that sent too many of them. */
export function throttled(waitMs: number): ConnectError {
  const seconds = Math.ceil(waitMs / 1000);
  return exhausted(`too many wrong API keys from this address: try again in ${seconds} s`, waitMs);
}

/** No room in the line: more keys of one connection, or of one client behind a proxy, wait than its share. */
export function tooManyLookups(): ConnectError {
  return exhausted("too many unknown API keys wait to be looked up: try again later", RETRY_ROOM_MS);
}

/** The store cannot be asked. What it said goes to the log, not to the client. */
export function storeUnavailable(cause: unknown): ConnectError {
  const sentence = "API keys cannot be checked at the moment: try again";
  return new ConnectError(sentence, Code.Unavailable, undefined, undefined, cause);
}
