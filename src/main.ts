// The application: which services there are, and what each is made from. Read this first.
import { defineApp, defineService } from "runrpc";
import { ChatService } from "../gen/chat/v1/chat_pb.ts";
import { codecs } from "../gen/codecs.ts";
import { EventService } from "../gen/events/v1/events_pb.ts";
import { LogService } from "../gen/logs/v1/logs_pb.ts";
import { UserService } from "../gen/users/v1/users_pb.ts";
import { createChatService } from "./services/chat/service.ts";
import { createEventService } from "./services/events/service.ts";
import { createLogService } from "./services/logs/service.ts";
import { createReportService } from "./services/reports/service.ts";
import { createUserAccounts } from "./services/users/accounts.ts";
import { createUserService } from "./services/users/service.ts";
import type { Modules } from "./worker.ts";

export default defineApp<Modules>({
  /** YOUR SERVICES: add one here. What a service needs is handed to it. */
  services: ({ queries, chore, wakeups }) => [
    defineService(UserService, createUserService(queries.users, chore)),
    defineService(EventService, createEventService(queries.events, wakeups)),
    defineService(LogService, createLogService(queries.logs)),
    defineService(ChatService, createChatService(queries.chat, wakeups)),
    createReportService(queries.reports),
  ],
  codecs,
  worker: new URL("./worker.ts", import.meta.url),
  migrations: new URL("./services/migrations/", import.meta.url),
  accounts: ({ queries }) => createUserAccounts(queries.users),
});
