import type { CountedServer, ServerMetrics } from "../server/server-metrics.ts";
import { createCallMetrics } from "./call-metrics.ts";
import { Exposition } from "./exposition.ts";
import { watchLoopDelay } from "./loop-delay.ts";
import { writeProcess } from "./process-metrics.ts";
import { createQueryMetrics } from "./query-metrics.ts";
import { createRefusedCalls, writeServer } from "./server-metrics.ts";

/** Writes metrics of its own when somebody asks for all. */
export type Collector = (exposition: Exposition) => void;

/** The metrics of one server. */
export interface Metrics extends ServerMetrics {
  exposition(): string;
  /** The same queries of a store, each of which is timed. */
  aroundQueries<Q extends object>(queries: Q): Q;
  /** Has others written as well, behind the server's own. */
  add(collector: Collector): void;
}

/** Makes metrics; its server starts them. */
export function createMetrics(): Metrics {
  const more: Collector[] = [];
  const queries = createQueryMetrics();
  const refused = createRefusedCalls();
  let calls = createCallMetrics([]);
  let server: CountedServer | undefined;
  let delay: ReturnType<typeof watchLoopDelay> | undefined;

  return {
    aroundQueries: queries.around,
    add(collector) {
      more.push(collector);
    },
    start(counted) {
      server = counted;
      calls = createCallMetrics(counted.routes);
      delay = watchLoopDelay();
    },
    ended(call) {
      calls.ended(call);
      if (!call.admitted) refused.take(call);
    },
    exposition() {
      const exposition = new Exposition();
      if (server !== undefined) {
        calls.write(exposition, server.openCalls());
        writeServer(exposition, server.stats(), refused.counts());
      }
      queries.write(exposition);
      for (const collect of more) collect(exposition);
      delay?.write(exposition);
      writeProcess(exposition);
      return exposition.toString();
    },
    close() {
      delay?.close();
    },
  };
}
