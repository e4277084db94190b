import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { migrations, tempDirectory, worker } from "../fixture/open.ts";

/** Runs `program` in a process whose main thread prints the packages that it resolves itself. */
async function packagesLoadedBy(program: string, ...args: string[]): Promise<string[]> {
  const watch = `
    import { registerHooks } from "node:module";
    const seen = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context);
        const found = /node_modules\\/(better-sqlite3|drizzle-orm)\\//.exec(resolved.url);
        if (found !== null) seen.add(found[1]);
        return resolved;
      },
    });
    const source = (name) => new URL(name, ${JSON.stringify(new URL("../../../../src/runrpc/data/", import.meta.url))});
    ${program}
    console.log(JSON.stringify([...seen].sort()));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", watch, ...args]);
  return JSON.parse(stdout);
}

test("the main thread loads neither better-sqlite3 nor drizzle", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  const program = `
    const [file, worker, migrations] = process.argv.slice(1);
    const { migrateDatabase } = await import(source("sqlite/migrate.ts"));
    const { openStore } = await import(source("open-store.ts"));
    const options = { file, worker: new URL(worker), migrations: new URL(migrations) };
    await migrateDatabase(options);
    const store = await openStore(options);
    await store.queries.items.insertName("a");
    await store.queries.items.listNames();
    await store.close();`;
  assert.deepStrictEqual(await packagesLoadedBy(program, file, worker.href, migrations.href), []);
});

test("the same watch sees both packages when the worker's side is loaded", async () => {
  const loaded = await packagesLoadedBy(`await import(source("sqlite/open-database.ts"));`);
  assert.deepStrictEqual(loaded, ["better-sqlite3", "drizzle-orm"]);
});
