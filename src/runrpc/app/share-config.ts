import type { ResolvedConfig } from "../config/config.ts";

/** Of each group, what its values allow all processes together. */
const SHARED = {
  limits: [
    "maxConcurrentCalls",
    "maxConnections",
    "maxConnectionsPerAddress",
    "maxPublicStreams",
    "maxPublicStreamsPerAddress",
    "callsPerSecond",
    "callsBurst",
    "maxConcurrentCallsPerKey",
    "maxConcurrentCallsPerAddress",
  ],
  auth: ["maxFailures", "lookupsPerSecond"],
  log: ["maxQueuedRecords", "maxQueuedBytes"],
  database: ["connections", "maxQueuedQueries", "maxQueuedBytes"],
} as const satisfies { readonly [G in keyof ResolvedConfig]?: readonly (keyof ResolvedConfig[G])[] };

/**
 * The configuration of one of `workers.count` processes on one port: what is allowed all of them is divided, each part rounded
 * up. 0, which is no limit, stays 0.
 */
export function shareConfig(config: ResolvedConfig): ResolvedConfig {
  const { count } = config.workers;
  const shared = Object.entries(SHARED).map(([group, names]) => {
    const values = config[group as keyof typeof SHARED] as unknown as Readonly<Record<string, number>>;
    const parts = names.map((name) => [name, Math.ceil((values[name] ?? 0) / count)] as const);
    return [group, { ...values, ...Object.fromEntries(parts) }] as const;
  });
  return { ...config, ...Object.fromEntries(shared) };
}
