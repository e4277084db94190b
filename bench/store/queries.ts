import { eq, sql } from "drizzle-orm";
import { type Db, prepared } from "../../src/runrpc/data/query.ts";
import { notes } from "./table.ts";

const byId = prepared((db) =>
  db
    .select()
    .from(notes)
    .where(eq(notes.id, sql.placeholder("id")))
    .prepare(),
);

const insert = prepared((db) =>
  db
    .insert(notes)
    .values({ text: sql.placeholder("text"), at: sql.placeholder("at") })
    .prepare(),
);

export const read = {
  getNote: async (db: Db, input: { id: number }) => (await byId(db).execute(input))[0],
  countSlowly: async (db: Db, input: { rows: number }) => {
    const numbers = sql`(with recursive c(x) as (select 1 union all select x + 1 from c where x < ${input.rows}) select count(*) as rows from c)`;
    return (await db.select({ rows: sql<number>`rows` }).from(numbers))[0]?.rows;
  },
};

export const write = {
  insertNote: async (db: Db, text: string) => {
    await insert(db).execute({ text, at: new Date() });
  },
  insertNotes: async (db: Db, texts: readonly string[]) => {
    const at = new Date();
    for (const text of texts) await insert(db).execute({ text, at });
  },
};
