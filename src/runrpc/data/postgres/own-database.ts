import { randomUUID } from "node:crypto";
import type pg from "pg";
import { connect, endClient } from "./connection.ts";
import {
  type PostgresOptions,
  type ResolvedPostgresOptions,
  resolvePostgresOptions,
} from "./store-options.ts";

/** A database that was made for a while. */
export interface OwnDatabase {
  readonly url: string;
  /** Removes it, and ends who is still connected. */
  drop(): Promise<void>;
}

/** Makes an empty database, of a name of its own, on the server that the URL of another one names. */
export async function makeOwnDatabase(url: PostgresOptions["url"]): Promise<OwnDatabase> {
  const options = resolvePostgresOptions({ url, migrations: [], modules: async () => ({}) });
  const name = `runrpc_${randomUUID().replaceAll("-", "")}`;
  await onServer(options, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`),
  );
  const made = new URL(url);
  made.pathname = `/${name}`;
  return {
    url: made.href,
    drop: () => onServer(options, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

async function onServer(
  options: ResolvedPostgresOptions,
  run: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = await connect({ ...options, name: "runrpc test" });
  try {
    await run(client);
  } finally {
    await endClient(client);
  }
}
