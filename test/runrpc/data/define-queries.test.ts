import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { API } from "typescript/unstable/sync";
import { defineQueries, type QueriesOf } from "../../../src/runrpc/data/define-queries.ts";
import type { Db } from "../../../src/runrpc/data/query.ts";
import { items } from "./fixture/table.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(_?: T): void => {};

const both = defineQueries({
  read: {
    async listNames(db, { limit }: { readonly limit: number }) {
      isTrue<Equal<typeof db, Db>>();
      return (await db.select({ name: items.name }).from(items).limit(limit)).map(({ name }) => name);
    },
    async countItems(db): Promise<number> {
      return db.$count(items);
    },
    findItem: async (db, id?: number) =>
      (
        await db
          .select({ at: items.at })
          .from(items)
          .limit(id ?? 1)
      )[0],
  },
  write: {
    async addItem(db, name: string) {
      isTrue<Equal<typeof db, Db>>();
      await db.insert(items).values({ name });
    },
  },
});

const readsAlone = defineQueries({ read: { listNothing: async () => [] as string[] } });

/** Never called: what matters is that `tsc` takes it, and that each line below a directive is refused. */
async function typesOfTheCalls(
  queries: QueriesOf<typeof both>,
  reads: QueriesOf<typeof readsAlone>,
): Promise<void> {
  const { signal } = new AbortController();
  isTrue<Equal<Awaited<ReturnType<typeof queries.listNames>>, string[]>>();
  isTrue<Equal<Awaited<ReturnType<typeof queries.findItem>>, { at: Date | null } | undefined>>();
  isTrue<Equal<keyof typeof queries, "listNames" | "countItems" | "findItem" | "addItem">>();
  isTrue<Equal<keyof typeof reads, "listNothing">>();
  await queries.listNames({ limit: 1 }, { signal });
  await queries.countItems(undefined, { signal });
  await queries.findItem();
  await queries.addItem("a", { background: true });

  // @ts-expect-error the input's type is the query's
  await queries.listNames({ limit: "1" });
  // @ts-expect-error a query without input takes none
  await queries.countItems({});
  // @ts-expect-error no such query
  await queries.listItems();
  // @ts-expect-error a read has no background
  await queries.countItems(undefined, { background: true });
  // @ts-expect-error no writes were given
  await reads.addItem("a");
  // @ts-expect-error a query answers with a promise
  defineQueries({ read: { now: () => 1 } });
  // @ts-expect-error there is no third kind
  defineQueries({ reads: {} });
}

describe("the queries of a module", () => {
  it("are typed for both sides (checked by tsc)", () => {
    void typesOfTheCalls;
  });

  it("are given back as they are, and as none where none are given", () => {
    const read = { listNothing: async () => [] };
    assert.deepEqual(defineQueries({ read }), { read, write: {} });
    assert.deepEqual(defineQueries({ write: read }), { read: {}, write: read });
    assert.deepEqual(defineQueries({}), { read: {}, write: {} });
  });

  it("are where an editor goes from a call in a service", () => {
    const service = fileURLToPath(new URL("../../../src/services/users/service.ts", import.meta.url));
    const text = readFileSync(service, "utf8");
    const calls = [...text.matchAll(/(?<=queries\.)\w+(?=\()/g)];
    assert.notEqual(calls.length, 0);
    const api = new API({ cwd: fileURLToPath(new URL("../../../", import.meta.url)) });
    try {
      const snapshot = api.updateSnapshot({ openProjects: ["tsconfig.json"] });
      const [project] = snapshot.getProjects();
      for (const { 0: name, index } of calls) {
        const symbol = project?.checker.getSymbolAtPosition(service, index);
        const definitions = (symbol?.declarations ?? []).map((handle) => {
          const node = handle.resolve();
          const file = node?.getSourceFile().fileName ?? "";
          return [basename(file), /^async (\w+)/.exec(node?.getText() ?? "")?.[1]];
        });
        assert.deepEqual(definitions, [["queries.ts", name]]);
      }
    } finally {
      api.close();
    }
  });
});
