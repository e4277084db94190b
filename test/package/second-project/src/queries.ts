import { sql } from "drizzle-orm";
import { defineQueries } from "runrpc/query";
import { users } from "./table.ts";

export const people = defineQueries({
  read: {
    async count(db): Promise<number> {
      return db.$count(users);
    },
  },
  write: {
    async greet(db, { name }: { readonly name: string }): Promise<number> {
      const [row] = await db
        .insert(users)
        .values({ name, times: 1 })
        .onConflictDoUpdate({ target: users.name, set: { times: sql`${users.times} + 1` } })
        .returning();
      return row?.times ?? 0;
    },
  },
});

export const modules = { people };
