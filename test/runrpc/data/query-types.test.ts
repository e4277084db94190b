import { test } from "node:test";
import type { Db } from "../../../src/runrpc/data/query.ts";
import type { Store } from "../../../src/runrpc/data/store.ts";
import type { Modules } from "./fixture/worker.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(_?: T): void => {};

/** Never called: what matters is that `tsc` takes it, and that each line below a directive is refused. */
async function typesOfTheProxy({ queries }: Store<Modules>, db: Db): Promise<void> {
  const { signal } = new AbortController();

  const item = await queries.items.getItem({ id: 1 }, { signal });
  isTrue<Equal<NonNullable<typeof item>["at"], Date | null>>();
  isTrue<Equal<NonNullable<typeof item>["big"], bigint | null>>();
  isTrue<Equal<NonNullable<typeof item>["raw"], Uint8Array | null>>();
  isTrue<Equal<Awaited<ReturnType<typeof queries.items.listNames>>, string[]>>();

  await queries.items.listNames();
  await queries.items.insertName("a", { background: true });
  await queries.items.insertNames(["a"] as const);

  // @ts-expect-error the input's type is the query's
  await queries.items.getItem({ id: "1" });
  // @ts-expect-error the input is required
  await queries.items.getItem();
  // @ts-expect-error no such query
  await queries.items.getItme({ id: 1 });
  // @ts-expect-error no such module
  await queries.itmes;
  // @ts-expect-error a read has no background
  await queries.items.listNames(undefined, { background: true });
  // @ts-expect-error transactions are the store's
  await db.transaction;
  // @ts-expect-error raw statements are not portable
  await db.run;
}

test("the types of the proxy are those of the queries (checked by tsc)", () => {
  void typesOfTheProxy;
});
