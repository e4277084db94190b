import type { Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { MonitorService } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { KeyAdmin } from "../platform/keys/admin.ts";
import type { RequestLogQueries } from "../platform/request-log/queries.ts";
import type { CallRecord } from "../server/call/record.ts";
import { defineService } from "../server/routes/service.ts";
import type { CountedServer, ServerMonitor } from "../server/server-metrics.ts";
import type { Peers } from "../workers/peers.ts";
import { type Activity, createActivity } from "./activity.ts";
import { getCall, listCalls } from "./call-list.ts";
import { type CancelCall, createCancelCall } from "./cancel-call.ts";
import { describe } from "./describe.ts";
import { createFeed } from "./feed.ts";
import type { DataStats } from "./gauges.ts";
import { createKey, keyFromInfo, rotateKey } from "./keys.ts";
import { createLooker, type Looker, WATCH } from "./look.ts";
import { createLookout, type Lookout } from "./lookout.ts";
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
  /** The processes that serve the port of its server. */
  readonly peers: Peers;
  /** Gives the contracts with their comments, to each who asks. Default: there are no comments. */
  readonly contracts?: (() => Promise<Registry | undefined>) | undefined;
}

/** What there is once its server has started. */
interface Running {
  readonly server: CountedServer;
  readonly activity: Activity;
  readonly looker: Looker;
  readonly lookout: Lookout;
  readonly cancelCall: CancelCall;
}

/** Makes runrpc.monitor.v1.MonitorService; its server starts it. */
export function createMonitor({ requestLog, keys, data, peers, contracts }: MonitorParts): Monitor {
  const feed = createFeed();
  const ending = new AbortController();
  let isDraining = false;
  let running: Running | undefined;

  /** @throws ConnectError for a call that comes before the server is whole, which its port does not let happen */
  function started(): Running {
    if (running === undefined) throw new ConnectError("the server is starting", Code.Unavailable);
    return running;
  }

  /** In a drain streams that look on go on while there is a call to look at, so that they tell of its end. */
  function endOfDrain(): void {
    for (const { head } of running?.server.openCalls() ?? []) if (head.route?.path !== `/${WATCH}`) return;
    ending.abort();
  }

  const service = defineService(MonitorService, {
    watch: (request, { signal }) => watching(started().lookout, request, ending.signal, signal),
    listCalls: (request, context) => listCalls(requestLog, request, context),
    getCall: (request, context) => getCall(requestLog, request, context),
    async cancelCall({ requestId }) {
      return { cancelled: await started().cancelCall(requestId) };
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
      const activity = createActivity(server.routes);
      const looker = createLooker({ server, activity, feed, data });
      running = {
        ...{ server, activity, looker },
        lookout: createLookout(looker, peers),
        cancelCall: createCancelCall(server, peers),
      };
    },
    ended(call) {
      running?.activity.ended(call);
      if (isDraining) endOfDrain();
    },
    drain() {
      isDraining = true;
      endOfDrain();
    },
    close() {
      ending.abort();
      running?.looker.close();
    },
  };
}
