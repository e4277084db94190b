import type pg from "pg";
import { DataError } from "../data-error.ts";

/** The oldest release with all that the store asks for (`pg_current_xact_id`), as `server_version_num` counts. */
const oldestVersion = 130_000;

/** What is known of a server. */
export interface ServerFacts {
  /** Such as `15.8`. */
  readonly version: string;
  readonly versionNumber: number;
  readonly encoding: string;
  readonly maxConnections: number;
  /** It repeats what another server writes, and takes no writes of its own. */
  readonly isStandby: boolean;
  /** `default_transaction_read_only`, which is set for the role, the database or the server. */
  readonly isReadOnly: boolean;
}

export async function readServerFacts(client: pg.Client): Promise<ServerFacts> {
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
       current_setting('server_encoding') AS encoding, current_setting('max_connections')::int AS connections,
       pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only')::bool AS read_only`,
  );
  const [row] = rows;
  return {
    version: String(row.version).split(" ")[0] ?? "",
    versionNumber: Number(row.number),
    encoding: String(row.encoding),
    maxConnections: Number(row.connections),
    isStandby: row.standby === true,
    isReadOnly: row.read_only === true,
  };
}

/** Where the tables of a session are. */
export interface SchemaFacts {
  /** In which tables are made: the first of the path that there is and that the role may use; null where there is none. */
  readonly name: string | null;
  /** `search_path`, as it is set. */
  readonly path: string;
  readonly mayCreate: boolean;
}

export async function readSchema(client: pg.Client): Promise<SchemaFacts> {
  const { rows } = await client.query(
    `SELECT current_schema() AS name, current_setting('search_path') AS path,
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create`,
  );
  const [row] = rows;
  return { name: row.name, path: row.path === "" ? "empty" : row.path, mayCreate: row.may_create };
}

/** Throws `failed_precondition` for a server that cannot hold what the application stores. */
export async function checkServer(client: pg.Client, name: string): Promise<void> {
  const { version, versionNumber, encoding, isStandby } = await readServerFacts(client);
  if (versionNumber < oldestVersion)
    throw new DataError(
      "failed_precondition",
      `the database ${name} is PostgreSQL ${version}, older than 13`,
    );
  if (encoding !== "UTF8")
    throw new DataError(
      "failed_precondition",
      `the database ${name} holds text in ${encoding}: make one with ENCODING 'UTF8'`,
    );
  if (isStandby)
    throw new DataError(
      "failed_precondition",
      `the database ${name} is on a standby, which takes no writes: name its primary, or promote it`,
    );
}
