// The application that the tests of the runtime start: the contracts of test/proto, over tables of its own, so that the
// examples in src/services can be changed and deleted. It shows no more than what those tests ask for.
import { defineApp, defineService } from "runrpc";
import { codecs } from "../gen/codecs.ts";
import { ChatService } from "../gen/rig/chat/v1/chat_pb.ts";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { LogService } from "../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { createAccounts } from "./accounts.ts";
import { createChatService } from "./chat.ts";
import { createEventService } from "./events.ts";
import { createLogService } from "./logs.ts";
import type { Modules } from "./queries.ts";
import { createUserService } from "./users.ts";

export default defineApp<Modules>({
  services: ({ queries, wakeups }) => [
    defineService(UserService, createUserService(queries.rig)),
    defineService(EventService, createEventService(queries.rig, wakeups)),
    defineService(LogService, createLogService(queries.rig)),
    defineService(ChatService, createChatService()),
  ],
  codecs,
  worker: new URL("./worker.ts", import.meta.url),
  migrations: new URL("./migrations/", import.meta.url),
  accounts: ({ queries }) => createAccounts(queries.rig),
});
