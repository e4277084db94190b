import { sql } from "drizzle-orm";
import type { OrderKeeper } from "../in-order.ts";
import { type Db, prepared } from "../query.ts";
import type { QueryRunner } from "./query-runner.ts";

/** Waits for the lock of a topic, which goes with the transaction. */
const lock = (how: string) =>
  prepared((db) =>
    db
      .select({ locked: sql`1` })
      .from(sql`${sql.raw(how)}(hashtextextended(${sql.placeholder("topic")}, 0)) as locked`)
      .prepare(),
  );

const shared = lock("pg_advisory_xact_lock_shared");
const alone = lock("pg_advisory_xact_lock");

/**
 * Keeps order by advisory locks: those who write to a topic share its lock until they have committed, and who follows takes
 * it alone for its read. Two topics of the same hash wait for each other and nothing worse.
 */
export function createOrderKeeper(db: Db, runner: QueryRunner): OrderKeeper {
  return {
    async writes(topic) {
      await shared(db).execute({ topic });
    },
    async reads(topic) {
      // A snapshot that was taken before the lock would not show what was waited for.
      runner.need("follow");
      await alone(db).execute({ topic });
    },
  };
}
