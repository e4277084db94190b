import type { TestContext } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { DataError } from "../../../src/runrpc/data/data-error.ts";
import { defineService, type ServiceDefinition } from "../../../src/runrpc/server/routes/service.ts";
import type { ServiceImpl } from "../../../src/runrpc/server/routes/service-impl.ts";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { type ThreadedOptions, threaded } from "../../../src/runrpc/threads/threaded.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { recordingLog } from "../server/recording-log.ts";
import * as chat from "./handlers/chat.ts";
import * as logs from "./handlers/logs.ts";
import * as users from "./handlers/users.ts";

const moduleOf = (name: string): URL => new URL(`./handlers/${name}.ts`, import.meta.url);

/** Queries as a store has them. */
const queries = {
  numbers: {
    async count({ to }: { readonly to: number }): Promise<number> {
      if (to < 0) throw new DataError("not_found", "there are no such numbers");
      return (to * (to + 1)) / 2;
    },
  },
};

export interface ServeOptions
  extends Pick<ThreadedOptions<typeof UserService>, "threads" | "graceMs" | "maxQueued"> {
  readonly lane?: string;
  /** On the main thread: the same handlers, unchanged. */
  readonly isPlain?: boolean;
}

/** A server of the handlers of this folder, and clients of it. */
export async function serve(
  t: TestContext,
  { lane = "auto", isPlain = false, ...limits }: ServeOptions = {},
) {
  const { log, lines } = recordingLog();
  const options = { threads: 2, ...limits };
  const services: ServiceDefinition[] = isPlain
    ? [
        defineService(UserService, users),
        defineService(LogService, logs.create({ queries }) as ServiceImpl<typeof LogService>),
        defineService(ChatService, chat),
      ]
    : [
        threaded(UserService, moduleOf("users"), options),
        threaded(LogService, moduleOf("logs"), { ...options, queries }),
        threaded(ChatService, moduleOf("chat"), options),
      ];
  const server = await startServer({
    services,
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane },
    timeouts: { drainTimeoutMs: 100 },
    log,
  });
  t.after(() => server.drain());
  const transport = createGrpcTransport({ baseUrl: server.url });
  return {
    server,
    lines,
    users: createClient(UserService, transport),
    logs: createClient(LogService, transport),
    chat: createClient(ChatService, transport),
  };
}
