import { Code, ConnectError } from "@connectrpc/connect";
import type { Authenticator } from "./auth/authenticate.ts";
import { coversScope, type Principal } from "./auth/principal.ts";
import type { Call } from "./call/call.ts";
import { timeoutFault, versionFault } from "./http/protocol.ts";
import { both, createRoom, type RoomOptions } from "./limits/room.ts";

/** Decides on headers alone, before a body is read. */
export interface Gate {
  /**
   * Lets a call in, with its principal, or refuses it. It answers without a promise where nothing has to be
   * looked up.
   *
   * @throws ConnectError `unimplemented`, `invalid_argument`, `unavailable`, `unauthenticated`, `permission_denied` or `resource_exhausted`.
   */
  admit(call: Call): void | Promise<void>;
  /** From here on calls are refused with `unavailable`. */
  close(): void;
}

export interface GateOptions extends RoomOptions {
  /** Undefined: every caller may do everything. */
  readonly authenticator: Authenticator | undefined;
}

export function createGate(options: GateOptions): Gate {
  const { authenticator } = options;
  const room = createRoom({ noun: authenticator?.noun ?? "caller", ...options });
  let closed = false;

  function enter(call: Call, principal: Principal | undefined): void {
    const { route } = call.head;
    // Before any refusal: who was refused for want of a scope belongs in the record.
    call.principal = principal;
    if (route !== undefined && !route.policy.isPublic && authenticator !== undefined)
      authorize(call, principal, authenticator);
    // While a key was looked up, the client may have gone or the deadline passed.
    if (call.cancelledBy !== undefined) throw call.error;
    const leave = room.enter(call, principal);
    call.admit();
    call.release =
      principal === undefined || authenticator === undefined
        ? leave
        : both(
            leave,
            authenticator.hold(principal, (reason) => call.cancel("key", reason), call),
          );
  }

  return {
    admit(call) {
      const { route, path, headers, protocol, peer, timeoutMs } = call.head;
      if (route === undefined) throw new ConnectError(`there is no method ${path}`, Code.Unimplemented);
      if (Number.isNaN(timeoutMs))
        throw new ConnectError(timeoutFault(headers, protocol), Code.InvalidArgument);
      const fault = versionFault(headers, protocol);
      if (fault !== undefined) throw new ConnectError(fault, Code.InvalidArgument);
      if (closed) throw new ConnectError("the server is shutting down", Code.Unavailable);
      const found = authenticator?.authenticate(headers, peer, call);
      if (found instanceof Promise) return found.then((principal) => enter(call, principal));
      enter(call, found);
    },
    close() {
      closed = true;
    },
  };
}

/** Holds the method's scopes against the key's. */
function authorize(call: Call, principal: Principal | undefined, { noun, wanted }: Authenticator): void {
  if (principal === undefined) throw new ConnectError(`this call needs ${wanted}`, Code.Unauthenticated);
  const scopes = call.head.route?.policy.scopes ?? [];
  if (scopes.length === 0) return;
  const missing = scopes.filter((scope) => !coversScope(principal.scopes, scope));
  if (missing.length > 0) {
    throw new ConnectError(
      `the ${noun} ${principal.keyId} lacks the scope ${missing.join(", ")}`,
      Code.PermissionDenied,
    );
  }
}
