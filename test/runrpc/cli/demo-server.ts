import { Code, ConnectError } from "@connectrpc/connect";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import { ChatResponse_Kind, ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { EventService } from "../../gen/rig/events/v1/events_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";

/** A known user. */
export const adaId = "4be0643f-1d98-573b-97cd-ca98a65347dd";

const users = partOfService(UserService, {
  getUser({ id }, context) {
    if (id !== adaId) throw new ConnectError(`no user ${id}`, Code.NotFound);
    return {
      user: { id, email: "ada@example.com", displayName: context.requestHeader.get("x-name") ?? "Ada" },
    };
  },
  async *streamUsers({ limit }) {
    for (let n = 1; n <= limit; n++) yield { user: { displayName: `user ${n}` } };
  },
  listUsers: () => ({}),
});

const logs = partOfService(LogService, {
  async uploadLogs(requests) {
    let count = 0;
    for await (const { entries } of requests) count += entries.length;
    return { logsReceived: BigInt(count) };
  },
});

const chat = partOfService(ChatService, {
  async *chat(requests) {
    for await (const { text } of requests)
      yield { kind: ChatResponse_Kind.RECEIPT, text: `Received: ${text}` };
  },
});

/** `onCancel` is told when the client left StreamEvents, which sends one event and then waits for ever. */
function events(onCancel: () => void) {
  return partOfService(EventService, {
    async *streamEvents(_request, context) {
      yield {};
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      onCancel();
    },
  });
}

/** A server of all four kinds, open to everyone, with reflection. */
export function startDemoServer(onCancel: () => void = () => {}): Promise<Server> {
  return startServer({
    services: [users, logs, chat, events(onCancel)],
    keys: "open",
    server: { host: "127.0.0.1", port: 0 },
  });
}
