import { createKey } from "../../../../src/runrpc/server/auth/format.ts";
import type { KeyStore, KeyUse, StoredKey } from "../../../../src/runrpc/server/auth/key-store.ts";
import type { ServerLog } from "../../../../src/runrpc/server/log.ts";

export interface MemoryStore extends KeyStore {
  /** The ids of each find, in order. */
  readonly finds: (readonly string[])[];
  readonly uses: KeyUse[];
  /** Adds a key and returns its text. */
  add(changes?: Partial<StoredKey>): string;
  /** Changes a key; undefined deletes it. */
  change(key: string, changes: Partial<StoredKey> | undefined): void;
  /** While set, every question is answered by this. */
  answer: (() => Promise<readonly StoredKey[]>) | undefined;
  /** While set, every report fails with this. */
  reportError: Error | undefined;
}

/** The other side of the interface: a table of keys in memory. */
export function memoryStore(): MemoryStore {
  const table = new Map<string, StoredKey>();
  const store: MemoryStore = {
    finds: [],
    uses: [],
    answer: undefined,
    reportError: undefined,
    add(changes = {}) {
      const { key, keyId, hash } = createKey();
      table.set(keyId, {
        keyId,
        hash,
        subject: "ann",
        scopes: ["users.read"],
        expiresAt: undefined,
        revokedAt: undefined,
        loopbackOnly: false,
        ...changes,
      });
      return key;
    },
    change(key, changes) {
      const keyId = idOf(key);
      const stored = table.get(keyId);
      if (stored === undefined) throw new Error(`no key ${keyId}`);
      if (changes === undefined) table.delete(keyId);
      else table.set(keyId, { ...stored, ...changes });
    },
    async find(keyIds) {
      store.finds.push(keyIds);
      if (store.answer !== undefined) return store.answer();
      return keyIds.flatMap((keyId) => table.get(keyId) ?? []);
    },
    async addUses(uses) {
      if (store.reportError !== undefined) throw store.reportError;
      store.uses.push(...uses);
    },
  };
  return store;
}

export function idOf(key: string): string {
  return key.slice(0, 11);
}

/** The key with its last character changed: the id is known, the secret wrong. */
export function spoiled(key: string): string {
  return key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
}

/** Keeps the messages, each with its level. */
export function listLog(): ServerLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level}: ${message}`);
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** All that was begun and needs no timer is done: the questions of this tick are asked and answered. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
