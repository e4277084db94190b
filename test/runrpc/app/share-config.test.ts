import assert from "node:assert/strict";
import { test } from "node:test";
import { shareConfig } from "../../../src/runrpc/app/share-config.ts";
import { loadConfig } from "../../../src/runrpc/config/config.ts";

test("what all workers may do together is shared, each part rounded up; no limit stays none", async () => {
  const { config } = await loadConfig({
    folder: import.meta.dirname,
    flags: {
      "workers.count": "3",
      "limits.max_connections": "100",
      "limits.max_concurrent_calls": "9",
      "limits.calls_per_second": "1",
      "auth.max_failures": "10",
      "database.max_queued_queries": "7",
    },
  });
  const shared = shareConfig(config);
  assert.deepEqual(
    [
      [shared.limits.maxConnections, 34],
      [shared.limits.maxConcurrentCalls, 3],
      [shared.limits.callsPerSecond, 1],
      [shared.limits.maxConcurrentCallsPerKey, 0],
      [shared.auth.maxFailures, 4],
      [shared.database.maxQueuedQueries, 3],
      // Of each connection, each message and each process.
      [shared.limits.maxConcurrentStreams, config.limits.maxConcurrentStreams],
      [shared.limits.maxRequestBytes, config.limits.maxRequestBytes],
      [shared.database.readers, config.database.readers],
    ].filter(([found, expected]) => found !== expected),
    [],
  );
  assert.deepEqual(config.limits.maxConnections, 100);
});
