// What /metrics costs a call and a query, in one process without any wire: `node --conditions=runrpc-source bench/metrics.ts`.
import { createMetrics } from "../src/runrpc/metrics/metrics.ts";
import type { CallHead } from "../src/runrpc/server/call/call.ts";
import { createCalls } from "../src/runrpc/server/call/calls.ts";
import type { CountedServer } from "../src/runrpc/server/server-metrics.ts";

/** Short pieces, the shortest of which nobody has interrupted. */
const PIECES = 500;
const RUNS = 2_000;

/** The least time that one run took, in nanoseconds. */
async function leastOf(run: () => unknown): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let piece = 0; piece < PIECES; piece++) {
    const startedAtMs = performance.now();
    for (let n = 0; n < RUNS; n++) {
      const result = run();
      if (result instanceof Promise) await result;
    }
    leastMs = Math.min(leastMs, performance.now() - startedAtMs);
  }
  return (leastMs * 1e6) / RUNS;
}

const route = {
  service: "rig.users.v1.UserService",
  path: "/rig.users.v1.UserService/GetUser",
  method: { name: "GetUser", methodKind: "unary" },
} as CallHead["route"];
const head = { route, path: "/rig.users.v1.UserService/GetUser", headers: {}, protocol: "grpc" } as CallHead;
const metrics = createMetrics();
metrics.start({ routes: [route], openCalls: () => [] } as unknown as CountedServer);

/** One call, from its beginning to its end. */
function callsWith(count: typeof metrics.ended | undefined): () => void {
  const calls = createCalls({
    log: { debug() {}, info() {}, warn() {}, error() {} },
    debug: false,
    mapError: () => undefined,
    onRecord() {},
    count,
  });
  return () => {
    const call = calls.begin(head);
    call.admit();
    call.messagesIn = 1;
    call.messagesOut = 1;
    call.succeed();
    call.end();
  };
}

const queries = { users: { getUser: () => Promise.resolve(1) } };
const timed = metrics.aroundQueries(queries);
const differences = {
  "a call": [callsWith(undefined), callsWith((call) => metrics.ended(call))],
  "a query": [() => queries.users.getUser(), () => timed.users.getUser()],
} as const;
for (const [what, [off, on]] of Object.entries(differences)) {
  const [without, counted] = [await leastOf(off), await leastOf(on)];
  console.log(
    `${what}: ${Math.round(counted - without)} ns (${Math.round(without)} ns without, ${Math.round(counted)} ns with metrics)`,
  );
}
metrics.close();
