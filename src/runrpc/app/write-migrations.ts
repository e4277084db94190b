import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { pgTablesOf } from "../data/postgres/pg-tables.ts";

/** What is written from which tables. */
export interface MigrationsToWrite {
  /** drizzle-kit's configuration of SQLite, which names the file of the tables and the folder of the migrations. */
  readonly config: string;
  /** The end of the migration's name. Default: drizzle-kit makes one up. */
  readonly name: string | undefined;
  /** An empty migration, to be written by hand. */
  readonly custom: boolean;
}

/**
 * Has drizzle-kit write the migrations of what changed in the tables, for both kinds of database: SQLite's into the folder of
 * the configuration, and those of Postgres, whose tables are derived from SQLite's, into `postgres/` inside of it. drizzle-kit
 * asks its questions on the terminal, once for each.
 *
 * @throws Error when the configuration names no file of tables, or drizzle-kit fails or is not installed.
 */
export async function writeMigrations({ config, name, custom }: MigrationsToWrite): Promise<void> {
  const { schema, out } = await readConfig(config);
  const how = [...(name === undefined ? [] : ["--name", name]), ...(custom ? ["--custom"] : [])];
  await runDrizzleKit("generate", "--config", config, ...how);
  const folder = await mkdtemp(join(tmpdir(), "runrpc-migration-"));
  try {
    const tables = join(folder, "tables.ts");
    await writeFile(tables, await tablesSource(schema));
    const places = ["--schema", tables, "--out", join(out, "postgres")];
    await runDrizzleKit("generate", "--dialect", "postgresql", ...places, ...how);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readConfig(config: string): Promise<{ readonly schema: string; readonly out: string }> {
  const { default: read } = (await import(pathToFileURL(resolve(config)).href)) as {
    readonly default?: { readonly schema?: unknown; readonly out?: unknown };
  };
  const { schema, out } = read ?? {};
  if (typeof schema !== "string" || typeof out !== "string")
    throw new Error(`${config} does not name one file of tables as \`schema\` and a folder as \`out\``);
  return { schema: resolve(schema), out };
}

/** drizzle-kit looks for tables among the exports of a file, so that each gets one. */
async function tablesSource(schema: string): Promise<string> {
  const { length } = pgTablesOf(await import(pathToFileURL(schema).href));
  const derive = import.meta.resolve(
    `../data/postgres/pg-tables.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  );
  return [
    `import { pgTablesOf } from ${JSON.stringify(fileURLToPath(derive))};`,
    `import * as schema from ${JSON.stringify(schema)};`,
    "const tables = pgTablesOf(schema);",
    ...Array.from({ length }, (_, index) => `export const table${index} = tables[${index}];`),
    "",
  ].join("\n");
}

/** drizzle-kit is the project's own, which npm puts on the path. */
async function runDrizzleKit(...args: readonly string[]): Promise<void> {
  const child = spawn("drizzle-kit", args, { stdio: "inherit" });
  const code = await new Promise<number | null>((ended, failed) => {
    child.once("exit", ended);
    child.once("error", (error) =>
      failed(new Error(`drizzle-kit does not start; run this by \`npm run\` or npx: ${error.message}`)),
    );
  });
  if (code !== 0) throw new Error(`drizzle-kit ${args[0]} failed`);
}
