import type { Leader } from "../monitor/leader.ts";
import type { Monitor, MonitorParts } from "../monitor/monitor.ts";

/** Loaded where it is asked for: an application without a monitor has none of its code. */
export async function createAppMonitor(parts: MonitorParts): Promise<Monitor> {
  const { createMonitor } = await import("../monitor/monitor.ts");
  return createMonitor(parts);
}

/** The same, for the process that leads workers. */
export async function createAppLeader(): Promise<Leader> {
  const { createLeader } = await import("../monitor/leader.ts");
  return createLeader();
}
