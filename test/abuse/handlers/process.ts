// A server whose handlers do what `x-deed` says: `node process.ts LANE HTTP2 [PING_MS]`, with a channel to whoever has forked it.
import type { HandlerContext } from "@connectrpc/connect";
import { silentLog } from "../../../src/runrpc/server/log.ts";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { memoryStore } from "../../runrpc/server/auth/memory-store.ts";
import { type Deed, deeds } from "./deeds.ts";

const [lane = "auto", http2 = "node", pingMs] = process.argv.slice(2);
const keys = memoryStore();
const tell = (message: object): void => void process.send?.(message);

function deedOf({ requestHeader }: HandlerContext): Deed {
  tell({ begun: requestHeader.get("x-request-id") ?? "" });
  return deeds[requestHeader.get("x-deed") ?? "good"] as Deed; // asked for by name
}

function once(_request: unknown, context: HandlerContext): never {
  return deedOf(context).once(context) as never; // what a faulty handler gives, tsc would refuse
}

function stream(_request: unknown, context: HandlerContext): never {
  return deedOf(context).stream(context) as never; // the same
}

const server = await startServer({
  services: [
    partOfService(UserService, { getUser: once, streamUsers: stream }),
    partOfService(LogService, { uploadLogs: once }),
    partOfService(ChatService, { chat: stream }),
  ],
  keys,
  log: silentLog,
  server: { host: "127.0.0.1", port: 0, lane, http2 },
  timeouts: {
    drainTimeoutMs: 0,
    ...(pingMs === undefined ? {} : { pingIntervalMs: Number(pingMs), pingTimeoutMs: Number(pingMs) }),
  },
  onRecord: ({ requestId, code, cancelledBy }) => tell({ requestId, code, cancelledBy }),
});
tell({ port: server.port, key: keys.add({ scopes: ["*"] }) });
process.once("disconnect", () => process.exit());
