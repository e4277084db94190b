import { sql } from "drizzle-orm";
import { defineQueries } from "runrpc/query";

export const slowQueries = defineQueries({
  read: {
    /** Counts in SQLite, which takes about a tenth of a second for a million. */
    async count(db, { to }: { readonly to: number }): Promise<number> {
      const numbers = sql`(with recursive c(n) as (select 1 union all select n + 1 from c where n < ${to}) select n from c)`;
      const [row] = await db.select({ sum: sql<number>`sum(n)` }).from(numbers);
      return row?.sum ?? 0;
    },
  },
  write: {},
});
