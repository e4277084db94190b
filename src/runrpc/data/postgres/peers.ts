import type { Ask } from "./one-by-one.ts";

/** Who else listens on a database. */
export interface PeerWatch {
  /** True when somebody has gone since the last look. Rejects when the server does not answer. */
  haveSomeGone(): Promise<boolean>;
}

/** The start tells one backend from a later one with the number of it; not everybody is shown it. */
const peers = `
  SELECT pid || ' ' || coalesce(backend_start::text, '') AS peer FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()`;

/** Watches the sessions that have a name (`application_name`). */
export function watchPeers(ask: Ask, name: string): PeerWatch {
  let known: ReadonlySet<string> = new Set();
  return {
    async haveSomeGone() {
      const { rows } = await ask<{ peer: string }>({ name: "peers", text: peers, values: [name] });
      const present = new Set(rows.map(({ peer }) => peer));
      const someHaveGone = !known.isSubsetOf(present);
      known = present;
      return someHaveGone;
    },
  };
}
