import { ask } from "../connect/ask.ts";
import { MONITOR } from "../connect/services.ts";

/** What is known of a key, as the monitor's JSON has it. */
export interface Key {
  /** Its visible prefix. */
  readonly keyId: string;
  readonly subject: string;
  readonly subjectName?: string;
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly createTime?: string;
  readonly expireTime?: string;
  readonly revokeTime?: string;
  readonly lastUseTime?: string;
  readonly useCount?: string;
  readonly loopbackOnly?: boolean;
  /** What of its row cannot be read. */
  readonly fault?: string;
}

/** What a key is made of. */
export interface NewKey {
  readonly user: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Undefined: never. */
  readonly expireTime: string | undefined;
}

/** A key that was just made, with its secret, which is told this once. */
export interface IssuedKey {
  readonly key: Key;
  readonly secret: string;
}

/** The life of keys. Each function rejects with a CallFailure. */
export interface KeyList {
  /** The latest first. */
  all(): Promise<readonly Key[]>;
  create(wanted: NewKey): Promise<IssuedKey>;
  revoke(keyId: string): Promise<void>;
  /** Makes one that takes its place, and has it end. @param graceMs for how long it goes on working */
  rotate(keyId: string, graceMs: number): Promise<IssuedKey>;
}

export function createKeyList(key: () => string | undefined): KeyList {
  const call = <T>(method: string, request: object) => ask<T>(`${MONITOR}/${method}`, request, key());
  return {
    async all() {
      const { keys = [] } = await call<{ keys?: readonly Key[] }>("ListKeys", {});
      return keys.toSorted((one, other) => (other.createTime ?? "").localeCompare(one.createTime ?? ""));
    },
    create: (wanted) => call<IssuedKey>("CreateKey", wanted),
    async revoke(keyId) {
      await call("RevokeKey", { keyId });
    },
    rotate: (keyId, graceMs) => call<IssuedKey>("RotateKey", { keyId, graceMs }),
  };
}

/** Whom it speaks for, as people know them. */
export function ownerOf({ subject, subjectName = "" }: Key): string {
  return subjectName === "" ? subject : subjectName;
}

/** Whether it works, and if not, why. */
export function stateOf({ revokeTime, expireTime }: Key, now: number): "works" | "revoked" | "expired" {
  if (revokeTime !== undefined && Date.parse(revokeTime) <= now) return "revoked";
  return expireTime !== undefined && Date.parse(expireTime) <= now ? "expired" : "works";
}
