import { after } from "node:test";
import { type PostgresServer, startPostgres, whyNoPostgres } from "../../postgres.ts";

let server: Promise<PostgresServer> | undefined;

async function onPostgres(): Promise<string[]> {
  server ??= startPostgres();
  return ["--database", await (await server).createDatabase()];
}

after(async () => (await server)?.stop());

/** Where workers keep their data: the flags of a database that is new. An SQLite file is in the folder that they are started in. */
export const databases = [
  { name: "SQLite", skip: false, args: async () => [] as string[] },
  { name: "Postgres", skip: whyNoPostgres() ?? false, args: onPostgres },
] as const;
