import type pg from "pg";
import { DataError } from "../data-error.ts";
import { type Check, type Examination, migrationsCheck } from "../examination.ts";
import type { Address } from "./address.ts";
import { readSchema, readServerFacts, type SchemaFacts, type ServerFacts } from "./check-server.ts";
import { connect, endClient } from "./connection.ts";
import { compareMigrations } from "./migration-journal.ts";
import { dataErrorFromThrown } from "./postgres-error.ts";
import {
  type PostgresOptions,
  type ResolvedPostgresOptions,
  resolvePostgresOptions,
} from "./store-options.ts";

/**
 * Looks a database over, beside whoever serves it, and changes nothing: the server, whether it takes writes, the schema that tables
 * are made in, its encoding, room for connections, constraints, migrations. One that cannot be reached is a failed check as well.
 *
 * @param processes how many serve, and share the connections
 */
export async function examineDatabase(
  options: Omit<PostgresOptions, "modules">,
  processes: number,
): Promise<Examination> {
  const resolved = resolvePostgresOptions({ ...options, modules: async () => ({}) });
  try {
    const client = await connect({ ...resolved, name: "runrpc doctor" });
    try {
      return await examine(client, resolved, processes);
    } finally {
      await endClient(client);
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return {
      kind: "postgres",
      version: "",
      checks: [{ name: "server", state: "failed", text: error.message }],
    };
  }
}

async function examine(
  client: pg.Client,
  options: ResolvedPostgresOptions,
  processes: number,
): Promise<Examination> {
  const checks: Check[] = [];
  const look = async (name: string, run: () => Promise<Omit<Check, "name">>): Promise<void> => {
    try {
      checks.push({ name, ...(await run()) });
    } catch (error) {
      checks.push({ name, state: "failed", text: dataErrorFromThrown(error).message });
    }
  };
  const facts = await readServerFacts(client);
  await look("server", async () => serverCheck(options.address));
  await look("writes", async () => writesCheck(facts));
  await look("schema", async () => schemaCheck(await readSchema(client)));
  await look("encoding", async () => encodingCheck(facts));
  await look("connections", async () => connectionsCheck(facts, options.connections, processes));
  await look("constraints", () => constraintsCheck(client));
  await look("migrations", async () =>
    migrationsCheck(await compareMigrations(client, options.migrations), options.allowNewer),
  );
  return { kind: "postgres", version: facts.version, checks };
}

function serverCheck({ shown, tls }: Address): Omit<Check, "name"> {
  return { state: "ok", text: `${shown}, ${tls === false ? "in clear" : "by TLS, verified"}` };
}

/** Calls that write say so in their transactions, whatever is the default; migrations keep to it. */
function writesCheck({ isStandby, isReadOnly }: ServerFacts): Omit<Check, "name"> {
  if (isStandby) return { state: "failed", text: "the server takes none: it is a standby" };
  if (isReadOnly)
    return { state: "warning", text: "default_transaction_read_only is on: no migration can be applied" };
  return { state: "ok", text: "taken" };
}

function schemaCheck({ name, path, mayCreate }: SchemaFacts): Omit<Check, "name"> {
  if (name === null)
    return {
      state: "failed",
      text: `search_path is ${path}, which names none that there is and the role may use`,
    };
  if (!mayCreate)
    return {
      state: "warning",
      text: `${name}, in which the role may create nothing: no migration can be applied`,
    };
  return { state: "ok", text: name };
}

function encodingCheck({ encoding }: ServerFacts): Omit<Check, "name"> {
  return { state: encoding === "UTF8" ? "ok" : "failed", text: encoding };
}

/** Those that calls share, and for each process one to cancel by and one to hear the others. */
function connectionsCheck(
  { maxConnections }: ServerFacts,
  connections: number,
  processes: number,
): Omit<Check, "name"> {
  const needed = processes * (Math.ceil(connections / processes) + 2);
  const whose = processes === 1 ? "each process" : `${processes} workers`;
  const text = `${needed} for ${whose} (database.connections is ${connections}), of ${maxConnections} that the server has (max_connections)`;
  return { state: needed < maxConnections ? "ok" : "failed", text };
}

async function constraintsCheck(client: pg.Client): Promise<Omit<Check, "name">> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT conrelid::regclass || '.' || conname AS name FROM pg_constraint WHERE NOT convalidated ORDER BY 1 LIMIT 10",
  );
  if (rows.length === 0) return { state: "ok", text: "all hold" };
  return { state: "failed", text: `not validated: ${rows.map(({ name }) => name).join(", ")}` };
}
