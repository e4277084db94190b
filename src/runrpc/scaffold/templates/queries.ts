import { type ServiceNames, snake } from "../service-names.ts";

/** The table of what a service keeps. */
export function tableText({ many, Many, manyWords }: ServiceNames): string {
  return `import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The ${manyWords}. */
export const ${many} = sqliteTable("${snake(Many)}", {
  /** The order of creation, which lists follow. Never used twice. */
  seq: integer("seq").primaryKey({ autoIncrement: true }),
  id: text("id").notNull().unique(),
  name: text("name").notNull(),
  createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
});
`;
}

/** The queries of a service that keeps something. */
export function queriesText({ one, many, One, Many, oneWords, manyWords }: ServiceNames): string {
  return `import { asc, eq, gt, sql } from "drizzle-orm";
import { DataError, defineQueries, prepared, type QueriesOf } from "runrpc/query";
import { ${many} } from "./table.ts";

export type ${One}Row = typeof ${many}.$inferSelect;

const byId = prepared((db) =>
  db
    .select()
    .from(${many})
    .where(eq(${many}.id, sql.placeholder("id")))
    .prepare(),
);

/** The queries of the ${manyWords}. */
export const ${one}Queries = defineQueries({
  read: {
    /** @throws DataError \`not_found\`. */
    async get${One}(db, { id }: { readonly id: string }): Promise<${One}Row> {
      const [${one}Row] = await byId(db).execute({ id });
      if (${one}Row === undefined) throw missing(id);
      return ${one}Row;
    },

    /** The first \`limit\` ${manyWords} that were created after the one with \`afterSeq\`, in that order. */
    async list${Many}(
      db,
      { afterSeq, limit }: { readonly afterSeq: number; readonly limit: number },
    ): Promise<${One}Row[]> {
      return db.select().from(${many}).where(gt(${many}.seq, afterSeq)).orderBy(asc(${many}.seq)).limit(limit);
    },
  },
  write: {
    async create${One}(
      db,
      { id, name, at }: { readonly id: string; readonly name: string; readonly at: Date },
    ): Promise<${One}Row> {
      const [${one}Row] = await db.insert(${many}).values({ id, name, createTime: at }).returning();
      if (${one}Row === undefined) throw new DataError("internal", "an insert without a conflict clause returns its row");
      return ${one}Row;
    },

    /** @throws DataError \`not_found\`. */
    async delete${One}(db, { id }: { readonly id: string }): Promise<void> {
      const removed = await db.delete(${many}).where(eq(${many}.id, id)).returning({ id: ${many}.id });
      if (removed.length === 0) throw missing(id);
    },
  },
});

/** These queries as the main thread calls them. */
export type ${One}Queries = QueriesOf<typeof ${one}Queries>;

function missing(id: string): DataError {
  return new DataError("not_found", \`there is no ${oneWords} \${id}\`);
}
`;
}
