import type { KeyAdmin } from "../platform/keys/admin.ts";
import { parseKey } from "../server/auth/format.ts";
import type { TestCaller } from "./test-caller.ts";

/** How a test makes and ends keys. `use` opens the table of keys for as long as it is used. */
export function createTestKeys(
  use: <T>(run: (keys: KeyAdmin) => Promise<T>) => Promise<T>,
): Pick<TestCaller, "createKey" | "revokeKey"> {
  return {
    createKey({ user, scopes = ["*"], expiresAt } = {}) {
      return use(async (keys) => {
        // The developer's key is the first one of a database.
        const owner = user ?? (await keys.list()).at(0)?.subject ?? "";
        return (await keys.create({ user: owner, name: "test", scopes, expiresAt })).key;
      });
    },
    async revokeKey(key) {
      const id = parseKey(key)?.keyId;
      if (id === undefined) throw new Error("this is no key");
      await use((keys) => keys.revoke(id));
    },
  };
}
