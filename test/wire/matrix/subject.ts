import type { HandlerContext } from "@connectrpc/connect";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";
import { defineService } from "../../../src/runrpc/server/routes/service.ts";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { memoryStore } from "../../runrpc/server/auth/memory-store.ts";
import type { Lane } from "./cells.ts";

/** What every handler of a subject does once it has its first request and, where it streams, has sent one response. */
export type Deed = (context: HandlerContext) => Promise<void>;

/** A server whose handlers all do the same deed. */
export interface Subject {
  readonly server: Server;
  /** May do everything, for the user `ann`. */
  readonly key: string;
  /** What the server logged at level `error`, with its fields. */
  readonly errors: readonly object[];
  /** The handler of this call is about to do the deed. */
  begun(requestId: string): Promise<void>;
  /** The handler of this call has left its `try`: its `finally` runs. */
  left(requestId: string): Promise<void>;
  /** The record of this call, which is written when it ends. */
  record(requestId: string): Promise<CallRecord>;
  /** How many records there are of this call. */
  count(requestId: string): number;
}

/**
 * Starts a server of all four kinds. Each handler reads one request, sends one response where it streams, does the
 * deed, and goes on: a client stream is read to its end, and whatever answers once answers.
 */
export async function startSubject(lane: Lane, deed: Deed): Promise<Subject> {
  const begun = createArrivals<void>();
  const left = createArrivals<void>();
  const records = createArrivals<CallRecord>();
  const errors: object[] = [];
  const counts = new Map<string, number>();
  const keys = memoryStore();

  async function act(context: HandlerContext): Promise<void> {
    begun.arrive(requestIdOf(context), undefined);
    await deed(context);
  }
  const leave = (context: HandlerContext) => left.arrive(requestIdOf(context), undefined);

  const users = {
    async getUser(_request: unknown, context: HandlerContext) {
      try {
        await act(context);
        return {};
      } finally {
        leave(context);
      }
    },
    async *streamUsers(_request: unknown, context: HandlerContext) {
      try {
        yield {};
        await act(context);
      } finally {
        leave(context);
      }
    },
  };
  const logs = {
    async uploadLogs(requests: AsyncIterable<unknown>, context: HandlerContext) {
      try {
        let isFirst = true;
        for await (const _ of requests) {
          if (isFirst) await act(context);
          isFirst = false;
        }
        return {};
      } finally {
        leave(context);
      }
    },
    listLogs: () => ({}),
  };
  const chat = {
    async *chat(requests: AsyncIterable<unknown>, context: HandlerContext) {
      try {
        for await (const _ of requests) {
          yield {};
          await act(context);
        }
      } finally {
        leave(context);
      }
    },
  };

  const server = await startServer({
    services: [
      partOfService(UserService, users),
      defineService(LogService, logs),
      defineService(ChatService, chat),
    ],
    keys,
    server: { host: "127.0.0.1", port: 0, lane },
    timeouts: { drainTimeoutMs: 0 },
    log: { debug() {}, info() {}, warn() {}, error: (fields) => errors.push(fields) },
    onRecord(record) {
      counts.set(record.requestId, (counts.get(record.requestId) ?? 0) + 1);
      records.arrive(record.requestId, record);
    },
  });
  return {
    server,
    key: keys.add({ subject: "ann", scopes: ["*"] }),
    errors,
    begun: begun.arrival,
    left: left.arrival,
    record: records.arrival,
    count: (requestId) => counts.get(requestId) ?? 0,
  };
}

function requestIdOf({ requestHeader }: HandlerContext): string {
  return requestHeader.get("x-request-id") ?? "";
}

/** What comes once for each id, and may be waited for before or after. */
function createArrivals<T>() {
  const arrivals = new Map<string, PromiseWithResolvers<T>>();
  const of = (id: string) => {
    const found = arrivals.get(id) ?? Promise.withResolvers<T>();
    arrivals.set(id, found);
    return found;
  };
  return {
    arrive: (id: string, value: T) => of(id).resolve(value),
    arrival: (id: string) => of(id).promise,
  };
}
