import { createKey } from "../../server/auth/format.ts";
import { type ColumnKind, readRow } from "../../values/read-row.ts";
import type { KeyQueries } from "./queries.ts";
import type { KeyInfo as KeyRowInfo } from "./read-keys.ts";

/** What is known of a key. The key itself is not among it. */
export interface KeyInfo {
  readonly keyId: string;
  /** Whom the key speaks for. */
  readonly subject: string;
  /** What people know the subject by, such as an email; undefined where the application has no accounts. */
  readonly subjectName: string | undefined;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Undefined where it cannot be read. */
  readonly createdAt: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
  readonly useCount: number;
  /** It works from this machine alone, as a development key does. */
  readonly loopbackOnly: boolean;
  /** Undefined: the server's limit, as for the next. 0: no limit. */
  readonly callsPerSecond: number | undefined;
  readonly maxConcurrentCalls: number | undefined;
  /**
   * What of its row cannot be read, such as `scopes is no list of texts`, as after an edit by hand: undefined, empty or 0 here.
   * Undefined: all of it can.
   */
  readonly fault: string | undefined;
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
  /** What the application's accounts say; that they fail is no reason to keep a key from whoever it was made for. */
  async function nameOf(id: string): Promise<string | undefined> {
    try {
      return await owners.name?.(id);
    } catch {
      return undefined;
    }
  }
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

const KINDS = {
  keyId: "text",
  subject: "text",
  label: "text",
  scopes: "texts",
  createTime: "time",
  expireTime: "time",
  revokeTime: "time",
  lastUseTime: "time",
  useCount: "count",
  callsPerSecond: "limit",
  maxConcurrentCalls: "limit",
  loopbackOnly: "flag",
} as const satisfies Record<keyof KeyRowInfo, ColumnKind>;

function infoFromRow(row: KeyRowInfo, subjectName: string | undefined): KeyInfo {
  const { good, fault } = readRow(row, KINDS);
  return {
    keyId: good.keyId ?? String(row.keyId),
    subject: good.subject ?? "",
    subjectName,
    name: good.label ?? "",
    scopes: good.scopes ?? [],
    createdAt: good.createTime,
    expiresAt: good.expireTime ?? undefined,
    revokedAt: good.revokeTime ?? undefined,
    lastUsedAt: good.lastUseTime ?? undefined,
    useCount: good.useCount ?? 0,
    loopbackOnly: good.loopbackOnly ?? false,
    callsPerSecond: good.callsPerSecond ?? undefined,
    maxConcurrentCalls: good.maxConcurrentCalls ?? undefined,
    fault,
  };
}
