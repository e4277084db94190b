import type { StoreStats } from "../data/store.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RequestLogStats } from "../platform/request-log/writer.ts";

/** The metrics of an application: those of its server, its store and its request log. */
export interface AppMetrics extends Metrics {
  /** Has these written as well. */
  collect(stats: CollectedStats): void;
}

/** What an application tells of its data. */
export interface CollectedStats {
  readonly store: () => StoreStats;
  readonly requestLog: () => RequestLogStats;
  /** This process commits what it writes: another one does not tell of that. */
  readonly commits: boolean;
}

/** Loaded where it is asked for: an application without metrics has none of their code. */
export async function createAppMetrics(): Promise<AppMetrics> {
  const [{ createMetrics }, { writeStore, writeCommits, writeRequestLog }] = await Promise.all([
    import("../metrics/metrics.ts"),
    import("../metrics/data-metrics.ts"),
  ]);
  const metrics = createMetrics();
  return {
    ...metrics,
    collect({ store, requestLog, commits }) {
      metrics.add((exposition) => writeStore(exposition, store()));
      if (commits) metrics.add((exposition) => writeCommits(exposition, store().writes));
      metrics.add((exposition) => writeRequestLog(exposition, requestLog()));
    },
  };
}
