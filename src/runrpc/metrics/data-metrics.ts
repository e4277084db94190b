import type { SideStats, StoreStats } from "../data/store.ts";
import type { RequestLogStats } from "../platform/request-log/writer.ts";
import type { Exposition } from "./exposition.ts";

/** Writes the queues of a store, and what its workers have done. */
export function writeStore(exposition: Exposition, { reads, writes }: StoreStats): void {
  const perSide = (
    name: string,
    type: "counter" | "gauge",
    help: string,
    value: (side: SideStats) => number,
  ): void => {
    exposition.family(name, type, help);
    exposition.sample(value(reads), 'side="read"');
    exposition.sample(value(writes), 'side="write"');
  };
  perSide("runrpc_store_queued", "gauge", "Queries that wait for a worker.", ({ queued }) => queued);
  perSide("runrpc_store_in_flight", "gauge", "Queries that a worker has.", ({ inFlight }) => inFlight);
  perSide("runrpc_store_queries_total", "counter", "Queries sent to a worker.", ({ calls }) => calls);
  perSide(
    "runrpc_store_replaced_workers_total",
    "counter",
    "Workers that ended by themselves.",
    ({ workersReplaced }) => workersReplaced,
  );
}

/** Writes how many writes shared each commit, of the process that commits. */
export function writeCommits(
  exposition: Exposition,
  { batchSizes, calls }: Pick<SideStats, "batchSizes" | "calls">,
): void {
  exposition.family(
    "runrpc_store_commit_writes",
    "histogram",
    "Writes that shared a transaction; those that were taken back are among them.",
  );
  const bounds = batchSizes.map((_, power) => 2 ** power);
  exposition.histogram(bounds, batchSizes, calls);
}

/** Writes what became of the records of calls. */
export function writeRequestLog(exposition: Exposition, { queued, written, dropped }: RequestLogStats): void {
  exposition.one("runrpc_request_log_queued", "gauge", "Records that wait for the table.", queued);
  exposition.one("runrpc_request_log_written_total", "counter", "Records in the table.", written);
  exposition.one(
    "runrpc_request_log_dropped_total",
    "counter",
    "Records that found no room, or that the table did not take.",
    dropped,
  );
}
