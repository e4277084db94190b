import { chatQueries } from "./chat/queries.ts";
import { eventQueries } from "./events/queries.ts";
import { logQueries } from "./logs/queries.ts";
import { reportQueries } from "./reports/queries.ts";
import { userQueries } from "./users/queries.ts";

/** Every query that the workers serve, under the name by which the services are given its module. */
export const modules = {
  chat: chatQueries,
  events: eventQueries,
  logs: logQueries,
  reports: reportQueries,
  users: userQueries,
};

/** `defineApp<Modules>` types the queries with this; importing the type loads no database. */
export type Modules = typeof modules;
