import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerLog } from "../log.ts";
import { setPatientTimeout } from "../patient-timeout.ts";
import { isHealth } from "../routes/health-route.ts";
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from "./authenticate.ts";
import { hasSeveral, SENT_TWICE } from "./credential.ts";
import { type Authenticate, type CallerHead, identify } from "./identity.ts";
import type { KeyStore } from "./key-store.ts";
import type { Principal } from "./principal.ts";
import { createRechecks } from "./recheck.ts";
import { unauthenticated } from "./refusal.ts";

export interface ApplicationAuthOptions {
  readonly authenticate: Authenticate;
  /** Asked for calls of which `authenticate` gives undefined. Undefined: these have no principal. */
  readonly keys: Authenticator | undefined;
  /** How long `authenticate` may take, in milliseconds; then the call is `unavailable`. */
  readonly authenticateTimeoutMs: number;
  readonly recheckIntervalMs: number;
  readonly log: ServerLog;
}

/** Who says who may call: the keeper of API keys, `open` for everybody, the application, or the first and the last. */
export interface CallersOptions {
  readonly keys?: KeyStore | "open";
  readonly authenticate?: Authenticate;
}

/**
 * The authenticator that these options ask for; undefined where every caller may do everything.
 *
 * @throws Error when nobody, or two who exclude each other, say who may call.
 */
export function authenticatorFor(
  { keys, authenticate }: CallersOptions,
  settings: Omit<AuthenticatorOptions & ApplicationAuthOptions, "keys" | "authenticate">,
): Authenticator | undefined {
  if (authenticate !== undefined && typeof authenticate !== "function")
    throw new Error("`authenticate` is no function");
  if (keys === undefined && authenticate === undefined)
    throw new Error('nobody says who may call: pass `keys` (a KeyStore, or "open") or `authenticate`');
  if (keys === "open" && authenticate !== undefined)
    throw new Error('`keys: "open"` lets every caller do everything, so `authenticate` would have no effect');
  const byKey = typeof keys === "object" ? createAuthenticator({ ...settings, keys }) : undefined;
  return authenticate === undefined
    ? byKey
    : createApplicationAuth({ ...settings, authenticate, keys: byKey });
}

/** Makes an authenticator of the application's function, in front of that of the API keys, if there is one. */
function createApplicationAuth(options: ApplicationAuthOptions): Authenticator {
  const { authenticate, keys, authenticateTimeoutMs, recheckIntervalMs, log } = options;
  const ask = (head: CallerHead) => inTime(identify(authenticate, head), authenticateTimeoutMs);
  const rechecks = createRechecks({ identify: ask, recheckIntervalMs, log });
  /** Those whom the application knows; the others come from the keys. */
  const own = new WeakSet<Principal>();

  /** The client's answer: the application's, or `internal` with the reason in the log. */
  function refusalFrom(reason: unknown, { requestId, peer, route }: CallerHead): ConnectError {
    if (reason instanceof ConnectError) return reason;
    log.error(
      { err: reason, requestId, peer, path: route?.path },
      "`authenticate` failed with an error that is not a ConnectError",
    );
    return new ConnectError(`internal error, request id ${requestId}`, Code.Internal);
  }

  return {
    noun: "caller",
    wanted: "credentials that the server knows",
    authenticate(headers, peer, call) {
      const head = call?.head ?? { headers, peer, route: undefined, requestId: "" };
      if (hasSeveral(headers.authorization ?? "")) throw unauthenticated(SENT_TWICE);
      const byKey = () => keys?.authenticate(headers, peer, call);
      // A probe has no credentials, and an application that refuses whoever has none must not look dead.
      if (head.route !== undefined && isHealth(head.route)) return byKey();
      const take = (principal: Principal | undefined) => {
        if (principal === undefined) return byKey();
        own.add(principal);
        return principal;
      };
      const fail = (reason: unknown) => {
        throw refusalFrom(reason, head);
      };
      let found: Principal | undefined | Promise<Principal | undefined>;
      try {
        found = ask(head);
      } catch (reason) {
        return fail(reason);
      }
      return found instanceof Promise ? found.catch(fail).then(take) : take(found);
    },
    hold(principal, cancel, call) {
      if (call !== undefined && own.has(principal)) return rechecks.hold(principal, call.head, cancel);
      return keys?.hold(principal, cancel, call) ?? nothing;
    },
    async close() {
      rechecks.close();
      await keys?.close();
    },
  };
}

/** Settles as the promise does, or as `unavailable` when it takes too long; what is no promise is given back as it is. */
function inTime<T>(found: T | Promise<T>, timeoutMs: number): T | Promise<T> {
  if (!(found instanceof Promise)) return found;
  return new Promise((resolve, reject) => {
    const late = () => {
      const text = `the caller could not be told within ${timeoutMs} ms: try again`;
      reject(new ConnectError(text, Code.Unavailable));
    };
    const timer = setPatientTimeout(late, timeoutMs);
    found.then(resolve, reject).finally(() => timer.clear());
  });
}

function nothing(): void {}
