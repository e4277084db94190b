import type { Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { MonitorService } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { KeyAdmin } from "../platform/keys/admin.ts";
import type { RequestLogQueries } from "../platform/request-log/queries.ts";
import type { CallRecord } from "../server/call/record.ts";
import { defineService } from "../server/routes/service.ts";
import type { CountedServer, ServerMonitor } from "../server/server-metrics.ts";
import { type Activity, createActivity } from "./activity.ts";
import { getCall, listCalls } from "./call-list.ts";
import { describe } from "./describe.ts";
import { createFeed } from "./feed.ts";
import type { DataStats } from "./gauges.ts";
import { createKey, keyFromInfo, rotateKey } from "./keys.ts";
import { watching } from "./watching.ts";

/** The monitor of one server. */
export interface Monitor extends ServerMonitor {
  /** Takes the record of a call that has ended. */
  record(record: CallRecord): void;
}

/** What the monitor tells of besides the server. */
export interface MonitorParts {
  readonly requestLog: RequestLogQueries;
  readonly keys: KeyAdmin;
  readonly data: DataStats;
  /** Gives the contracts with their comments, to each who asks. Default: there are no comments. */
  readonly contracts?: (() => Promise<Registry | undefined>) | undefined;
}

/** Makes runrpc.monitor.v1.MonitorService; its server starts it. */
export function createMonitor({ requestLog, keys, data, contracts }: MonitorParts): Monitor {
  const feed = createFeed();
  const ending = new AbortController();
  let running: { readonly server: CountedServer; readonly activity: Activity } | undefined;

  /** @throws ConnectError for a call that comes before the server is whole, which its port does not let happen */
  function started() {
    if (running === undefined) throw new ConnectError("the server is starting", Code.Unavailable);
    return running;
  }

  const service = defineService(MonitorService, {
    watch: (request, { signal }) => watching({ ...started(), feed, data }, request, ending.signal, signal),
    listCalls: (request, context) => listCalls(requestLog, request, context),
    getCall: (request, context) => getCall(requestLog, request, context),
    cancelCall({ requestId }) {
      const reason = new ConnectError("an operator cancelled the call", Code.Canceled);
      const found = [...started().server.openCalls()].filter(({ head }) => head.requestId === requestId);
      if (found.length === 0) throw new ConnectError(`no call ${requestId} is open`, Code.NotFound);
      for (const call of found) call.cancel("operator", reason);
      return { cancelled: found.length };
    },
    async listKeys() {
      return { keys: (await keys.list()).map(keyFromInfo) };
    },
    createKey: (request, context) => createKey(keys, request, context),
    async revokeKey({ keyId }) {
      return { key: keyFromInfo(await keys.revoke(keyId)) };
    },
    rotateKey: (request, context) => rotateKey(keys, request, context),
    describe: async () => describe(started().server.routes, await contracts?.()),
  });

  return {
    services: [service],
    record: feed.take,
    start(server) {
      running = { server, activity: createActivity(server.routes) };
    },
    ended(call) {
      running?.activity.ended(call);
    },
    drain: () => ending.abort(),
    close: () => ending.abort(),
  };
}
