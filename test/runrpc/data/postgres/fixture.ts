import type { TestContext } from "node:test";
import { eq, gt, sql } from "drizzle-orm";
import pg from "pg";
import { readInOrder, writeInOrder } from "../../../../src/runrpc/data/in-order.ts";
import { insertRows, type RowGroup } from "../../../../src/runrpc/data/insert-rows.ts";
import { openStore } from "../../../../src/runrpc/data/open-store.ts";
import type { PostgresOptions } from "../../../../src/runrpc/data/postgres/store-options.ts";
import { DataError, type Db, prepared } from "../../../../src/runrpc/data/query.ts";
import type { Store } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, whyNoPostgres } from "../../../postgres.ts";
import { migrations } from "../fixture/open.ts";
import * as portable from "../fixture/queries.ts";
import { items } from "../fixture/table.ts";

/** For `test`: skipped, with the reason, where there is no server. */
export const skip = whyNoPostgres() ?? false;

const { getItem, listNames, countParts, writeInRead, findByName } = portable.read;
const {
  insertItem,
  insertName,
  insertNames,
  insertPart,
  insertThenThrow,
  insertThenFault,
  insertAroundTimer,
} = portable.write;

const insertGroup = insertRows(items, { shared: ["meta"], own: ["name", "amount"] });

const one = (db: Db, from: ReturnType<typeof sql>) => db.select({ one: sql<number>`1` }).from(from);

const byId = prepared((db) =>
  db
    .select({ id: items.id, amount: items.amount })
    .from(items)
    .where(eq(items.id, sql.placeholder("id")))
    .prepare(),
);

/** Waits in the server until nobody holds this lock alone. */
const waitForLock = (db: Db, key: number) => one(db, sql`pg_advisory_xact_lock_shared(${key}) as waited`);

const read = {
  getItem,
  listNames,
  countParts,
  writeInRead,
  findByName,
  getPrepared: async (db: Db, id: number) => (await byId(db).execute({ id }))[0],
  sleep: (db: Db, seconds: number) => one(db, sql`pg_sleep(${seconds}) as slept`),
  quick: async (db: Db, value: number) =>
    (await db.select({ value: sql<number>`value` }).from(sql`(select ${value}::int as value) as given`))[0]
      ?.value,
  rows: (db: Db, rows: number) =>
    db.select({ x: sql<number>`x` }).from(sql`generate_series(1, ${rows}) as x`),
  idsAfter: async (db: Db, after: number) => {
    await readInOrder(db, "items");
    const rows = await db.select({ id: items.id }).from(items).where(gt(items.id, after)).orderBy(items.id);
    return rows.map(({ id }) => id);
  },
  /** Counts before and after a wait. */
  countAroundLock: async (db: Db, key: number) => {
    const before = await db.$count(items);
    await waitForLock(db, key);
    return [before, await db.$count(items)];
  },
  /** Goes on with a statement after its call was answered, and tells what becomes of it. */
  readLate: async (db: Db, told: (outcome: Promise<unknown>) => void) => {
    void (async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      told(one(db, sql`(select 1) as late`).then());
    })();
  },
};

const write = {
  insertItem,
  insertName,
  insertNames,
  insertPart,
  insertThenThrow,
  insertThenFault,
  insertAroundTimer,
  /** Reads, then writes what it makes of it. */
  increment: async (db: Db, id: number) => {
    const [item] = await db.select({ amount: items.amount }).from(items).where(eq(items.id, id));
    const amount = (item?.amount ?? 0) + 1;
    await db.update(items).set({ amount }).where(eq(items.id, id));
    return amount;
  },
  incrementThenThrow: async (db: Db, id: number) => {
    await write.increment(db, id);
    throw new DataError("failed_precondition", "not today");
  },
  /** Takes an error of the database for granted. */
  insertTwice: async (db: Db, name: string) => {
    await insertName(db, name);
    await insertName(db, name).catch(() => {});
    return "both";
  },
  insertInOrder: async (db: Db, { name, key }: { readonly name: string; readonly key?: number }) => {
    await writeInOrder(db, "items");
    const id = await insertName(db, name);
    if (key !== undefined) await waitForLock(db, key);
    return id;
  },
  sleepInWrite: async (db: Db, input: { readonly name: string; readonly seconds: number }) => {
    await insertName(db, input.name);
    await one(db, sql`pg_sleep(${input.seconds}) as slept`);
  },
  insertGroup: (db: Db, group: RowGroup) => insertGroup(db, [group]),
  insertAtLock: async (db: Db, input: { readonly name: string; readonly key: number }) => {
    await waitForLock(db, input.key);
    await insertName(db, input.name);
  },
};

const modules = { items: { read, write } };

export type Modules = typeof modules;

/** A store over a database of its own, closed with the test. */
export async function openTestStore(
  t: Pick<TestContext, "after">,
  server: PostgresServer,
  options: Partial<PostgresOptions> = {},
): Promise<Store<Modules> & { readonly url: string }> {
  const url = options.url ?? (await server.createDatabase());
  const folder = new URL("postgres/", migrations);
  const store = await openStore<Modules>({
    modules: async () => modules,
    migrations: folder,
    ...options,
    url,
  });
  t.after(() => store.close());
  return Object.assign(store, { url });
}

/** Asks the server until it says so; ends with what was missing. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) if (await isSo()) return;
  throw new Error(`a minute has gone, and still not: ${what}`);
}

/** How many backends of a database do what a condition over pg_stat_activity says. */
export async function countBackends(server: PostgresServer, url: string, condition: string): Promise<number> {
  const { rows } = await server.query(
    `select count(*)::int as count from pg_stat_activity where datname = $1 and application_name = 'runrpc' and ${condition}`,
    [new URL(url).pathname.slice(1)],
  );
  return rows[0].count;
}

/** Holds an advisory lock alone, in a session of its own. */
export async function holdLock(
  { folder, port }: PostgresServer,
  url: string,
  key: number,
): Promise<{ release(): Promise<void> }> {
  const holder = new pg.Client({ host: folder, port, user: "app", database: new URL(url).pathname.slice(1) });
  await holder.connect();
  await holder.query("select pg_advisory_lock($1)", [key]);
  return { release: () => holder.end() };
}
