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
  /** It takes no writes: a standby, or set so. */
  readonly isReadOnly: boolean;
}

export async function readServerFacts(client: pg.Client): Promise<ServerFacts> {
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
       current_setting('server_encoding') AS encoding, current_setting('max_connections')::int AS connections,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only`,
  );
  const [row] = rows;
  return {
    version: String(row.version).split(" ")[0] ?? "",
    versionNumber: Number(row.number),
    encoding: String(row.encoding),
    maxConnections: Number(row.connections),
    isReadOnly: row.read_only === true,
  };
}

/** Throws `failed_precondition` for a server that cannot hold what the application stores. */
export async function checkServer(client: pg.Client, name: string): Promise<void> {
  const { version, versionNumber, encoding } = await readServerFacts(client);
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
}
