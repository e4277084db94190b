import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { type Exposition, labelsOf } from "./exposition.ts";

/** The same at each look: whoever counts restarts by it would take a clock that was set for one. */
const STARTED_AT_SECONDS = performance.timeOrigin / 1_000;

/** Writes what the process takes: CPU, memory, the heap of its main thread. Names are Prometheus' own, and OpenTelemetry's for V8. */
export function writeProcess(exposition: Exposition): void {
  const { user, system } = process.cpuUsage();
  exposition.one(
    "process_cpu_seconds_total",
    "counter",
    "CPU time of all threads, user and system.",
    (user + system) / 1e6,
  );
  exposition.one(
    "process_resident_memory_bytes",
    "gauge",
    "Memory of the whole process, all threads included.",
    process.memoryUsage.rss(),
  );
  exposition.one(
    "process_start_time_seconds",
    "gauge",
    "When the process started, in seconds since 1970.",
    STARTED_AT_SECONDS,
  );
  exposition.one(
    "v8js_memory_heap_limit_bytes",
    "gauge",
    "What the heap of the main thread may grow to.",
    getHeapStatistics().heap_size_limit,
  );
  exposition.family(
    "v8js_memory_heap_used_bytes",
    "gauge",
    "What the heap of the main thread holds, by space.",
  );
  for (const { space_name, space_used_size } of getHeapSpaceStatistics())
    exposition.sample(space_used_size, labelsOf({ v8js_heap_space_name: space_name }));
}
