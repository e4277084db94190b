import { Code, ConnectError, type ContextValues, createContextKey } from "@connectrpc/connect";

/** Who a call speaks for: the owner of the key that it came with, or whom the application's `authenticate` names. */
export interface Principal {
  /**
   * The owner of the key, as the application's accounts name it: an id, such as a user's. Where it has none, the text that the
   * key was made for.
   */
  readonly subject: string;
  /**
   * The visible prefix of the key, such as `rr_4f7Kq2Zd`. Never the key itself. Of callers whom the application names: what
   * it calls their credentials, such as a token's `jti` or a certificate's serial number, else the `subject`. Limits for
   * each key count by it.
   */
  readonly keyId: string;
  /** What the key may do. `*` covers all, `users.*` covers `users.read`. */
  readonly scopes: readonly string[];
  /** The calls a second that the key may make, instead of `limits.calls_per_second`; 0 is no limit. */
  readonly callsPerSecond?: number;
  /** The calls that the key may have open, instead of `limits.max_concurrent_calls_per_key`; 0 is no limit. */
  readonly maxConcurrentCalls?: number;
  /** Open calls end at this time, where the application says so; the expiry of a key is kept by its own. */
  readonly expiresAt?: Date;
}

/** Where the gate leaves the principal in a call's context values. Unset on a public call without a key. */
export const principalKey = createContextKey<Principal | undefined>(undefined, {
  description: "the authenticated caller",
});

/**
 * The caller of this call, never undefined.
 *
 * @throws ConnectError `unauthenticated`, where a public method is called without a key.
 */
export function requirePrincipal(context: { readonly values: ContextValues }): Principal {
  const principal = context.values.get(principalKey);
  if (principal === undefined) {
    throw new ConnectError("this call needs an API key", Code.Unauthenticated);
  }
  return principal;
}

/** True when the scopes that a key holds cover the one that is asked for. */
export function coversScope(held: readonly string[], wanted: string): boolean {
  return held.some(
    (scope) =>
      scope === "*" || scope === wanted || (scope.endsWith(".*") && wanted.startsWith(scope.slice(0, -1))),
  );
}
