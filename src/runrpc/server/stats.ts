import type { CallStats } from "./call/calls.ts";
import type { ListenerStats } from "./listener/listen.ts";

/** What a server has done, and does. */
export interface ServerStats {
  readonly calls: CallStats;
  readonly listener: ListenerStats;
  /** Errors that nobody caught, since the start. */
  readonly strays: number;
  /** What debug mode has found, by kind; empty where it is off. */
  readonly findings: Readonly<Record<string, number>>;
}
