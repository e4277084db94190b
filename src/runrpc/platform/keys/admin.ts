import { createKey } from "../../server/auth/format.ts";
import type { KeyQueries, KeyInfo as KeyRowInfo } from "./queries.ts";

/** What is known of a key. The key itself is not among it. */
export interface KeyInfo {
  readonly keyId: string;
  /** Whom the key speaks for. */
  readonly subject: string;
  /** What people know the subject by, such as an email; undefined where the application has no accounts. */
  readonly subjectName: string | undefined;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
  readonly useCount: number;
  /** It works from this machine alone, as a development key does. */
  readonly loopbackOnly: boolean;
  /** Undefined: the server's limit, as for the next. 0: no limit. */
  readonly callsPerSecond: number | undefined;
  readonly maxConcurrentCalls: number | undefined;
}

/** A key that was just made, to be shown this once. */
export interface IssuedKey extends KeyInfo {
  readonly key: string;
}

/** Makes and ends keys. Each function rejects with a DataError `not_found` for a user or key that does not exist. */
export interface KeyAdmin {
  /** `user` is an id or an email; with `newUser` the email of a user who is made first. */
  create(input: {
    readonly user: string;
    readonly newUser?: boolean;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly expiresAt: Date | undefined;
    /** Default: the server's limit. */
    readonly callsPerSecond?: number | undefined;
    readonly maxConcurrentCalls?: number | undefined;
  }): Promise<IssuedKey>;
  list(): Promise<readonly KeyInfo[]>;
  revoke(keyId: string): Promise<KeyInfo>;
  /** Makes a key like the old one, which goes on working for `graceMs`. */
  rotate(keyId: string, options: { readonly graceMs: number }): Promise<IssuedKey>;
}

/** Who keys are made for. */
export interface KeyOwners {
  /** The id of a user by id or email; rejects when there is none. */
  find(user: string): Promise<string>;
  /** Makes a user, who is known by the email alone, and gives the id. */
  create(email: string): Promise<string>;
  /** What people know the user with this id by; undefined where there is none. */
  name?(id: string): Promise<string | undefined>;
}

export function createKeyAdmin(queries: KeyQueries, owners: KeyOwners): KeyAdmin {
  const nameOf = async (id: string): Promise<string | undefined> => owners.name?.(id);
  const infoOf = async (row: KeyRowInfo): Promise<KeyInfo> => infoFromRow(row, await nameOf(row.subject));

  return {
    async create({ user, newUser, name, scopes, expiresAt, callsPerSecond, maxConcurrentCalls }) {
      const { key, keyId, hash } = createKey();
      const subject = newUser ? await owners.create(user) : await owners.find(user);
      const row = await queries.createKey({
        keyId,
        hash,
        subject,
        label: name,
        scopes,
        at: new Date(),
        expireTime: expiresAt ?? null,
        callsPerSecond,
        maxConcurrentCalls,
      });
      return { ...(await infoOf(row)), key };
    },
    async list() {
      const rows = await queries.listKeys({});
      const names = new Map<string, string | undefined>();
      for (const { subject } of rows) if (!names.has(subject)) names.set(subject, await nameOf(subject));
      return rows.map((row) => infoFromRow(row, names.get(row.subject)));
    },
    async revoke(keyId) {
      return infoOf(await queries.revokeKey({ keyId, at: new Date() }));
    },
    async rotate(keyId, { graceMs }) {
      const { key, ...replacement } = createKey();
      const at = new Date();
      const graceUntil = graceMs === 0 ? null : new Date(at.getTime() + graceMs);
      const rotated = await queries.rotateKey({ keyId, replacement, at, graceUntil });
      return { ...(await infoOf(rotated.replacement)), key };
    },
  };
}

function infoFromRow(row: KeyRowInfo, subjectName: string | undefined): KeyInfo {
  return {
    keyId: row.keyId,
    subject: row.subject,
    subjectName,
    name: row.label,
    scopes: row.scopes,
    createdAt: row.createTime,
    expiresAt: row.expireTime ?? undefined,
    revokedAt: row.revokeTime ?? undefined,
    lastUsedAt: row.lastUseTime ?? undefined,
    useCount: row.useCount,
    loopbackOnly: row.loopbackOnly,
    callsPerSecond: row.callsPerSecond ?? undefined,
    maxConcurrentCalls: row.maxConcurrentCalls ?? undefined,
  };
}
