import type { SideStats } from "../data/store.ts";
import type { Group } from "../workers/group.ts";
import { ABOUT, ANSWER_TIMEOUT_MS } from "./worker-letters.ts";

/** The metrics of all processes of an application. */
export interface AppGroupMetrics {
  ofAll(group: Pick<Group, "members" | "counts">): Promise<string>;
  /** What a worker tells at its end. */
  told(worker: object, text: string): void;
  ended(worker: object): void;
  close(): void;
}

/**
 * Loaded where it is asked for.
 *
 * @param commits what this process has committed for all; undefined where each worker tells that
 */
export async function collectMetrics(commits: (() => SideStats) | undefined): Promise<AppGroupMetrics> {
  const { createGroupMetrics } = await import("../metrics/group-metrics.ts");
  const metrics = createGroupMetrics(commits);
  return {
    ...metrics,
    async ofAll(group) {
      const answers = group
        .members()
        .map(async (member) => [member, await member.ask(ABOUT.metrics, ANSWER_TIMEOUT_MS.one)] as const);
      return metrics.sum(new Map(await Promise.all(answers)), group.counts());
    },
  };
}
