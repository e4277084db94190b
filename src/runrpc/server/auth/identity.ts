import type { IncomingHttpHeaders } from "node:http";
import { type PeerCertificate, TLSSocket } from "node:tls";
import { boundedText, MAX_TEXT_BYTES } from "../bounded-text.ts";
import type { CallHead } from "../call/call.ts";
import type { Principal } from "./principal.ts";
import { unauthenticated } from "./refusal.ts";

/**
 * The application's own way to tell who calls: by a JWT, by a client certificate, by whatever stands in the headers. Its
 * answer may be a value or a promise.
 *
 * It is asked for each call but those of grpc.health.v1.Health, public methods included, and again for streams that stay
 * open. Undefined says that the request brings nothing to know its caller by: then its API key is looked at, where the
 * server has `keys`, and else the call may use public methods alone. A ConnectError that it throws is the client's
 * answer; for credentials that are no good throw one with `Code.Unauthenticated`. Anything else that it throws is a
 * fault of the application: `internal` for the client, a line in the log.
 *
 * @param headers as Node gives them, with lower-case names
 * @param peer the client's address, without its port; behind a trusted proxy, the one that the proxy names
 * @param certificate of the client, where `tls.client_ca_file` asks for one; it has been verified
 */
export type Authenticate = (
  headers: IncomingHttpHeaders,
  peer: string,
  certificate: PeerCertificate | undefined,
) => Identity | undefined | PromiseLike<Identity | undefined>;

/** Who calls, as `Authenticate` tells it. What else is in it reaches the handlers as a part of their `Principal`. */
export interface Identity extends Partial<Principal> {
  /** Who it is, such as a token's `sub`: not empty, and 1,024 bytes at most. */
  readonly subject: string;
}

/** What of a call tells its caller. */
export type CallerHead = Pick<CallHead, "headers" | "peer" | "origin" | "route" | "requestId">;

/** Reads one call, at once where the application answers at once. @throws whatever the application throws. */
export function identify(
  authenticate: Authenticate,
  { headers, peer, origin }: CallerHead,
): Principal | undefined | Promise<Principal | undefined> {
  const found = authenticate(headers, peer, certificateOf(origin));
  return isThenable(found) ? Promise.resolve(found).then(principalFrom) : principalFrom(found);
}

/** @throws ConnectError `unauthenticated` when it has expired, or no record can hold its name; TypeError when it is no identity. */
function principalFrom(identity: Identity | undefined): Principal | undefined {
  if (identity === undefined) return undefined;
  const { subject, keyId = subject, scopes = [], expiresAt } = checked(identity);
  if (!isRecordable(subject) || !isRecordable(keyId))
    throw unauthenticated(
      `the name of the caller is longer than ${MAX_TEXT_BYTES} bytes, or holds what no record can`,
    );
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now())
    throw unauthenticated(`the credentials expired at ${expiresAt.toISOString()}`);
  return Object.freeze({ ...identity, subject, keyId, scopes: Object.freeze([...scopes]) });
}

/** A name that is cut would be another caller's, too. */
function isRecordable(name: string): boolean {
  return boundedText(name) === name;
}

/** The application may be JavaScript, or decode a token as `any`. */
function checked(identity: Identity): Identity {
  if (typeof identity !== "object" || identity === null) throw fault("an object or undefined");
  const { subject, keyId = "-", scopes = [], expiresAt = new Date(0) } = identity;
  if (typeof subject !== "string" || subject === "") throw fault("a subject that is a text");
  if (typeof keyId !== "string" || keyId === "") throw fault("a keyId that is a text");
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string"))
    throw fault("scopes that are a list of texts");
  if (!(expiresAt instanceof Date) || Number.isNaN(expiresAt.getTime()))
    throw fault("an expiresAt that is a date");
  for (const limit of [identity.callsPerSecond ?? 0, identity.maxConcurrentCalls ?? 0])
    if (typeof limit !== "number" || !(limit >= 0)) throw fault("limits that are numbers from 0");
  return identity;
}

function fault(expected: string): TypeError {
  return new TypeError(`authenticate() must give ${expected}`);
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** The verified certificate at the other end of a connection, which is asked for it once. */
function certificateOf(origin: CallHead["origin"]): PeerCertificate | undefined {
  if (origin === undefined) return undefined;
  if (origin.certificate === undefined) {
    const { socket } = origin;
    const certificate =
      socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
    // Node gives an empty object where there is none.
    origin.certificate = certificate?.raw === undefined ? null : certificate;
  }
  return origin.certificate ?? undefined;
}
