import type pg from "pg";

/** Who else listens on a database. */
export interface PeerWatch {
  /** True when somebody has gone since the last look. Rejects when the server does not answer. */
  haveSomeGone(): Promise<boolean>;
}

/** How long the server may take to answer: past it the connection is taken for one that was cut without a word. */
const answerTimeoutMs = 10_000;

/** The start tells one backend from a later one with the number of it; not everybody is shown it. */
const peers = `
  SELECT pid || ' ' || coalesce(backend_start::text, '') AS peer FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()`;

/** Watches, over a connection, the sessions that have a name (`application_name`). */
export function watchPeers(client: pg.Client, name: string): PeerWatch {
  let known: ReadonlySet<string> = new Set();
  return {
    async haveSomeGone() {
      const query = { name: "peers", text: peers, values: [name], query_timeout: answerTimeoutMs };
      const { rows } = await client.query<{ peer: string }>(query);
      const present = new Set(rows.map(({ peer }) => peer));
      const someHaveGone = !known.isSubsetOf(present);
      known = present;
      return someHaveGone;
    },
  };
}
