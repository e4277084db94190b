import type { SideStats } from "../data/store.ts";
import { writeCommits } from "./data-metrics.ts";
import { Exposition } from "./exposition.ts";
import { watchLoopDelay } from "./loop-delay.ts";
import { writeProcess } from "./process-metrics.ts";
import { type Summand, sumExpositions } from "./sum-expositions.ts";

/** The metrics of a group of workers, in the process that leads them. */
export interface GroupMetrics {
  /**
   * What all tell together, this process included.
   *
   * @param answers by worker: what it tells of itself; undefined where it has not answered, so that its counters stand as they
   *   were when it last did
   */
  sum(answers: ReadonlyMap<object, string | undefined>, counts: GroupCounts): string;
  /** Keeps the last that a worker has told, for what it has counted. */
  told(worker: object, text: string): void;
  /** A worker has ended: what it has counted stays. */
  ended(worker: object): void;
  close(): void;
}

/** What is known of the group itself. */
export interface GroupCounts {
  /** Workers that serve. */
  readonly serving: number;
  /** Workers that ended by themselves. */
  readonly restarts: number;
}

/**
 * Makes them. Counters never go back, so that what a worker has told counts after its end as well.
 *
 * @param commits what this process has committed for all. Default: each worker tells that
 */
export function createGroupMetrics(commits?: () => SideStats): GroupMetrics {
  const delay = watchLoopDelay();
  const last = new Map<object, string>();
  const gone = new WeakSet<object>();
  let past = "";

  function ownText({ serving, restarts }: GroupCounts, silent: number): string {
    const exposition = new Exposition();
    exposition.one("runrpc_workers", "gauge", "Workers that serve the port.", serving);
    exposition.one(
      "runrpc_workers_silent",
      "gauge",
      "Workers that did not answer in time: their gauges are left out.",
      silent,
    );
    exposition.one(
      "runrpc_worker_restarts_total",
      "counter",
      "Workers that ended by themselves, each of which another takes the place of.",
      restarts,
    );
    if (commits !== undefined) writeCommits(exposition, commits());
    delay.write(exposition);
    writeProcess(exposition);
    return exposition.toString();
  }

  return {
    sum(answers, counts) {
      const summands: Summand[] = [];
      let silent = 0;
      for (const [worker, text] of answers) {
        if (gone.has(worker)) continue; // it is among the past
        if (text !== undefined) last.set(worker, text);
        else silent++;
        summands.push({ text: last.get(worker) ?? "", isPast: text === undefined });
      }
      return sumExpositions([{ text: past, isPast: true }, ...summands, { text: ownText(counts, silent) }]);
    },
    told: (worker, text) => void last.set(worker, text),
    ended(worker) {
      past = sumExpositions([past, last.get(worker) ?? ""].map((text) => ({ text, isPast: true })));
      last.delete(worker);
      gone.add(worker);
    },
    close: () => delay.close(),
  };
}
