import { eq } from "drizzle-orm";
import type { Db } from "../../data/query.ts";
import { keys } from "./table.ts";

/**
 * Removes every key of a subject, such as a user, within the write that calls it, so that an account and its keys go together or not at all.
 * Open calls of these keys end within `auth.key_lease_ms`.
 */
export async function removeKeysOf(db: Db, subject: string): Promise<void> {
  await db.delete(keys).where(eq(keys.subject, subject));
}
