import * as bootstrap from "runrpc";
import * as keys from "runrpc";
import * as requestLog from "runrpc";
import * as chat from "./chat/queries.ts";
import * as events from "./events/queries.ts";
import * as logs from "./logs/queries.ts";
import * as users from "./users/queries.ts";

/** Every query that the workers serve, under the name by which the main thread calls its module. */
export const modules = { bootstrap, chat, events, keys, logs, requestLog, users };

/** `openStore<Modules>` types the queries with this; importing the type loads no database. */
export type Modules = typeof modules;
