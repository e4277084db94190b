import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { DataError } from "../../../src/runrpc/data/data-error.ts";
import { defineService, type ServiceDefinition } from "../../../src/runrpc/server/routes/service.ts";
import type { ServiceImpl } from "../../../src/runrpc/server/routes/service-impl.ts";
import { startServer } from "../../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../../src/runrpc/server/server-options.ts";
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
  extends Pick<
    ThreadedOptions<typeof UserService>,
    "threads" | "graceMs" | "maxQueued" | "heapMb" | "codecs" | "strictAnswers"
  > {
  /** A thread takes a second to start on a busy machine. Default: all of them. */
  readonly only?: "users" | "chat";
  readonly lane?: string;
  readonly drainTimeoutMs?: number;
  readonly interceptors?: ServerOptions["interceptors"];
  /** On the main thread: the same handlers, unchanged. */
  readonly isPlain?: boolean;
}

/** A server of the handlers of this folder, and clients of it. */
export async function serve(
  t: TestContext,
  {
    only,
    lane = "auto",
    isPlain = false,
    drainTimeoutMs = 100,
    interceptors = [],
    ...limits
  }: ServeOptions = {},
) {
  const { log, lines } = recordingLog();
  const options = { threads: 1, ...limits };
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
  const wanted = { users: UserService.typeName, chat: ChatService.typeName };
  const server = await startServer({
    services: services.filter(({ service }) => only === undefined || service.typeName === wanted[only]),
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane },
    timeouts: { drainTimeoutMs },
    interceptors,
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

/** What a call failed with. */
export async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  const error: unknown = await call.then(
    () => assert.fail("the call succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError);
  return error;
}
